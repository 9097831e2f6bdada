"""The layers of a family, worked out."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from core.experiment import parse_spec
from core.networks.network import CnnNetwork, expand_network, tabulate_layers
from core.networks.table import LayerRow

COLOUR = (32, 32, 3)


@pytest.fixture
def expand(iris) -> Callable[..., list[LayerRow]]:
    """Rows of a family's layers for colour images of 32×32, once they are copied into a network of one's own."""

    def rows(**arguments: Any) -> list[LayerRow]:
        model = parse_spec(iris({}) | {"model": {"kind": "cnn_family", **arguments}}).model
        copied = parse_spec(iris({}) | {"model": json.loads(json.dumps(expand_network(model)))}).model
        assert isinstance(copied, CnnNetwork)
        assert copied.layers == model.layers
        return list(tabulate_layers(copied, COLOUR))

    return rows
