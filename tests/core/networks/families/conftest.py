"""Layer table of a family."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from core.experiment import parse_spec
from core.networks.layer_table import LayerRow
from core.networks.network import CnnNetwork, expand_network, tabulate_layers

COLOUR = (32, 32, 3)


@pytest.fixture
def expand(iris) -> Callable[..., list[LayerRow]]:
    """Return the rows of a family's layers for 32×32 colour images, expanded into a network with a list of layers."""

    def rows(**arguments: Any) -> list[LayerRow]:
        model = parse_spec(iris({}) | {"model": {"kind": "cnn_family", **arguments}}).model
        copied = parse_spec(iris({}) | {"model": json.loads(json.dumps(expand_network(model)))}).model
        assert isinstance(copied, CnnNetwork)
        assert copied.layers == model.layers
        return list(tabulate_layers(copied, COLOUR))

    return rows
