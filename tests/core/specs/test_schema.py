"""JSON Schema of specs, as the API serves it, including short forms."""

import json
from typing import get_args

import pytest

from core.experiment import ExperimentSpec
from core.specs.losses import LOSSES, LossAlias
from core.specs.metrics import METRICS, MetricAlias

SCHEMA = ExperimentSpec.model_json_schema()
DEFINITIONS = SCHEMA["$defs"]


def test_the_schema_is_json():
    assert json.loads(json.dumps(SCHEMA, allow_nan=False)) == SCHEMA


@pytest.mark.parametrize("name", sorted(set(DEFINITIONS) - {"CnnFamilyNetwork"}))
def test_no_object_has_fields_besides_its_own(name):
    assert SCHEMA["additionalProperties"] is False
    assert DEFINITIONS[name]["additionalProperties"] is False


@pytest.mark.parametrize("name", sorted(DEFINITIONS))
def test_every_part_has_a_description(name):
    assert DEFINITIONS[name]["description"]


def test_fields_are_described():
    described = DEFINITIONS["Training"]["properties"]["batch_size"]["description"]
    assert described == "Number of samples per step; `full` for all training samples."


def test_names_are_valid_where_they_are_accepted():
    optimizer = DEFINITIONS["Training"]["properties"]["optimizer"]
    initializer = DEFINITIONS["DenseLayer"]["properties"]["kernel_initializer"]
    for field in (optimizer, initializer):
        assert {"type": "string"} in field["anyOf"]


def test_short_names_are_valid_where_they_are_accepted():
    loss = json.dumps(DEFINITIONS["Training"]["properties"]["loss"])
    name = json.dumps(DEFINITIONS["Loss"]["properties"]["name"])
    metrics = json.dumps(DEFINITIONS["Training"]["properties"]["metrics"])
    for alias in get_args(LossAlias):
        assert f'"{alias}"' in loss
        assert f'"{alias}"' in name
    for alias in get_args(MetricAlias):
        assert f'"{alias}"' in metrics


@pytest.mark.parametrize("table", [LOSSES, METRICS])
def test_every_short_name_stands_for_one_loss_or_one_metric(table):
    aliases = [traits.alias for traits in table.values() if traits.alias]
    assert len(set(aliases)) == len(aliases)
    assert not set(aliases) & set(table)


def test_targets_of_one_number_are_valid_without_brackets():
    shapes = DEFINITIONS["InlineDataset"]["properties"]["targets"]["anyOf"]
    assert [shape["items"]["type"] for shape in shapes] == ["array", "number"]


def test_one_number_is_valid_for_height_and_width():
    shapes = DEFINITIONS["Conv2DLayer"]["properties"]["kernel_size"]["anyOf"]
    assert [shape["type"] for shape in shapes] == ["integer", "array"]


def test_a_layer_of_a_perceptron_needs_no_type():
    assert "type" not in DEFINITIONS["DenseLayer"]["required"]
