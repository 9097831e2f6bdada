"""Pooling over windows of an image, or over the whole image, in source."""

from core.code.networks.chain import Chain
from core.code.source import Code, literal
from core.networks.layer_table import snake_case
from core.networks.pooling import GLOBAL_KERAS_CLASSES, KERAS_CLASSES, GlobalPooling2DLayer, Pooling, Pooling2DLayer


def write_pooling(chain: Chain, spec: Pooling2DLayer) -> None:
    """Write a pooling layer."""
    add_pooling(chain, spec)


def add_pooling(chain: Chain, pooling: Pooling) -> None:
    """Write a pooling layer."""
    keras_class = KERAS_CLASSES[pooling.kind]
    name = literal(chain.name(snake_case(keras_class)))
    chain.add(keras_class, literal(pooling.pool_size), **pooling_of(pooling), name=name)


def pooling_of(pooling: Pooling) -> dict[str, Code | None]:
    """Return Keras's arguments of a pooling besides its size; None for its defaults."""
    return {
        "strides": None if pooling.strides is None else literal(pooling.strides),
        "padding": None if pooling.padding == "valid" else literal(pooling.padding),
    }


def write_global_pooling(chain: Chain, spec: GlobalPooling2DLayer) -> None:
    """Write pooling over the whole image."""
    keras_class = GLOBAL_KERAS_CLASSES[spec.kind]
    chain.is_image = False
    chain.add(keras_class, name=literal(chain.name(snake_case(keras_class))))
