"""The network of a spec in source."""

from core.code.draft import Draft
from core.code.networks.chain import Chain
from core.code.networks.convolution import define_repeated, repeats_convolutions
from core.code.networks.dense import add_flatten
from core.code.networks.embedding import write_embeddings
from core.code.networks.layers import WRITERS, write_layers
from core.code.networks.weights import write_first_weights, write_freezing, write_transfer
from core.code.source import literal
from core.datasets.shape import DatasetShape
from core.experiment import ExperimentSpec
from core.networks.base import ImageNetwork
from core.networks.blocks import list_stacks
from core.networks.layer_table import IMAGE_RANK, LayerRow
from core.networks.network import MlpNetwork


def write_network(draft: Draft, spec: ExperimentSpec, shape: DatasetShape, layers: tuple[LayerRow, ...]) -> None:
    """Write the section that builds `model`."""
    network = spec.model
    draft.need("from keras import layers")
    if spec.training.precision != "float32":
        draft.network.add(f"keras.config.set_dtype_policy({literal(spec.training.precision)})")
    # These name layers as in the run, and a function of the program names the layers of a convolution otherwise.
    has_names = bool(spec.initial_weights or spec.training.frozen_layers)
    can_repeat = not has_names and repeats_convolutions(network.layers)
    has_blocks = any(list_stacks(layer) for layer in network.layers)
    is_graph = bool(shape.embeddings) or has_blocks or can_repeat
    chain = Chain(draft, spec.training.precision, WRITERS, is_graph=is_graph)
    if can_repeat:
        define_repeated(chain, network.layers)
    if shape.embeddings:
        write_embeddings(chain, shape)
    input_shape = shape.network_input_shape
    if isinstance(network, ImageNetwork):
        chain.is_image = True
        if len(input_shape) < IMAGE_RANK:
            chain.add("Reshape", literal((*input_shape, 1)), name=literal(chain.name("reshape")))
    elif isinstance(network, MlpNetwork) and len(input_shape) > 1:
        add_flatten(chain)
    write_layers(chain, network.layers)
    draft.network.add(*chain.finish("x_train.shape[1:]"))
    if spec.source_weights is not None:
        write_transfer(draft, spec.source_weights, layers)
    write_first_weights(draft, spec.given_weights, layers)
    if spec.training.frozen_layers:
        write_freezing(draft, layers)
    draft.network.add("model.summary()")
