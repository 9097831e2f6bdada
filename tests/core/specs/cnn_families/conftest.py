"""The layers of a family, worked out."""

from collections.abc import Callable
from typing import Any

import pytest

from core.layer_table import LayerRow, tabulate_layers
from core.specs.networks import CnnNetwork
from core.specs.parsing import parse_spec

COLOUR = (32, 32, 3)


@pytest.fixture
def expand(iris) -> Callable[..., list[LayerRow]]:
    """Rows of a family's layers for colour images of 32×32, once they are copied into a network of one's own."""

    def rows(**arguments: Any) -> list[LayerRow]:
        value = iris({}) | {"model": {"kind": "cnn_family", **arguments}}
        layers = [layer.model_dump(mode="json") for layer in parse_spec(value).model.layers]
        copied = parse_spec(iris({}) | {"model": {"kind": "cnn", "layers": layers}}).model
        assert isinstance(copied, CnnNetwork)
        table = tabulate_layers(copied, COLOUR)
        assert table == tabulate_layers(parse_spec(value).model, COLOUR)
        return list(table)

    return rows
