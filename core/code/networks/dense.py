"""Dense and Flatten layers in source."""

from core.code.networks.chain import Chain
from core.code.networks.layer import add_dropout, own_activation, weights_of, write_activation, write_normalization
from core.code.source import Code, literal
from core.networks.dense import DenseLayer, FlattenLayer


def write_dense(chain: Chain, spec: DenseLayer) -> None:
    """Write a dense layer and the layers after its weights."""
    _write_products(chain, spec, own_activation(spec))
    _write_rest(chain, spec)


def write_output(chain: Chain, spec: DenseLayer) -> None:
    """Write a dense layer that computes its matrix product in 16 bits, and its activation in float32."""
    _write_products(chain, spec, None)
    chain.dtype = "float32"
    if not spec.normalizes_first:
        write_activation(chain, spec.activation)
    _write_rest(chain, spec)


def _write_products(chain: Chain, spec: DenseLayer, activation: Code | None) -> None:
    if chain.is_image:
        add_flatten(chain)
    name = literal(chain.name("dense"))
    chain.add("Dense", literal(spec.units), activation=activation, **weights_of(chain, spec, name), name=name)


def _write_rest(chain: Chain, spec: DenseLayer) -> None:
    write_normalization(chain, spec)
    if spec.dropout:
        add_dropout(chain, spec.dropout)


def write_flatten(chain: Chain, spec: FlattenLayer) -> None:  # noqa: ARG001 - it has no settings.
    """Write a Flatten layer."""
    add_flatten(chain)


def add_flatten(chain: Chain) -> None:
    """Write a Flatten layer."""
    chain.is_image = False
    chain.add("Flatten", name=literal(chain.name("flatten")))
