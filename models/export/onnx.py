"""ONNX export of a trained network.

Specs have few types of layers, so each has its own writer with ONNX operators. This takes milliseconds, while tracing
and converting a TensorFlow graph takes a second; recurrent layers become onnxruntime's fast operators, and every
activation is supported. Each export is compared with Keras before it is used.
"""

from collections.abc import Sequence
from pathlib import Path

from models.export.steps import NETWORK_INPUT, Step
from models.networks.layers import write_layer
from models.onnx_graph import BATCH, Graph, Value, tensor, to_channels_last
from models.preparation.preparation import AnyPreparation

INPUT = "inputs"

OUTPUT = "outputs"


def write_onnx(path: Path, input_shape: tuple[int, ...], preparation: AnyPreparation, steps: Sequence[Step]) -> None:
    """Write raw inputs → preparation → network, for any number of rows.

    The graph has one input, `inputs`, and one output, `outputs`, both with an open first axis `batch`: float32, or
    what the preparation and the last layer need to keep digits.

    Args:
        path: File to write.
        input_shape: Shape of one raw input, without the batch axis.
        preparation: Preparation before the network.
        steps: Keras layers with their weights and inputs; the last one is the output layer.
    """
    graph = Graph()
    start = preparation.add_to(graph, Value(graph.name(INPUT), input_shape))
    values: list[Value] = []
    for step in steps:
        sources = [start if source == NETWORK_INPUT else values[source] for source in step.sources]
        values.append(write_layer(graph, step.layer, sources))
    value = values[-1] if values else start
    graph.add("Identity", to_channels_last(graph, value), stem=OUTPUT)
    output_dtype = steps[-1].layer.compute_dtype if steps else "float32"
    model = graph.finish(
        tensor(INPUT, (BATCH, *input_shape), preparation.dtype), tensor(OUTPUT, (BATCH, *value.shape), output_dtype)
    )
    path.write_bytes(model.SerializeToString())
