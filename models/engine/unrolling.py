"""Recurrent layers written out time step by time step, while a program is built."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from models.engine.plans import list_layers
from models.runtime import keras


@contextmanager
def unrolled(network: Any, *, is_unrolled: bool) -> Iterator[None]:
    """Unroll every recurrent layer in programs built meanwhile; the network itself stays as the spec says.

    The operations are those of the loop in the same order, so the numbers are the same up to rounding.
    """
    layers = [layer for layer in list_layers(network) if isinstance(layer, keras.layers.RNN)] if is_unrolled else []
    settings = [layer.unroll for layer in layers]
    for layer in layers:
        layer.unroll = True
    try:
        yield
    finally:
        for layer, setting in zip(layers, settings, strict=True):
            layer.unroll = setting
