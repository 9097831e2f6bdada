"""JSON Schema of specs, as the API serves it, including short forms."""

import json
import re
from typing import get_args

import pytest
from jsonschema import Draft202012Validator

from core.checks.cost import check_spec
from core.experiment import ExperimentSpec, parse_spec
from core.specs.losses import LOSSES, LossAlias
from core.specs.metrics import METRICS, MetricAlias
from core.specs.schema import describe_model

SCHEMA = describe_model(ExperimentSpec)
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
        objects = field["anyOf"][1]["discriminator"]["mapping"]
        assert set(field["anyOf"][0]["enum"]) == set(objects)


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


FIELDS = [(name, field) for name, part in {"": SCHEMA, **DEFINITIONS}.items() for field in part.get("properties", {})]


def field_of(name, field):
    return (DEFINITIONS[name] if name else SCHEMA)["properties"][field]


def within(part):
    """A part of the schema as one by itself."""
    return {**part, "$defs": DEFINITIONS}


def test_the_schema_is_one_of_draft_2020_12():
    Draft202012Validator.check_schema(SCHEMA)


def test_a_discriminator_maps_each_value_to_a_definition():
    def find(part):
        if isinstance(part, dict):
            yield from [part["discriminator"]["mapping"]] if "discriminator" in part else []
        for child in part.values() if isinstance(part, dict) else part if isinstance(part, list) else []:
            yield from find(child)

    found = list(find(SCHEMA))
    assert len(found) > 20
    for mapping in found:
        assert {target.removeprefix("#/$defs/") for target in mapping.values()} <= set(DEFINITIONS)


def test_every_field_has_a_title_and_a_value_to_complete_with():
    for name, field in FIELDS:
        described = field_of(name, field)
        if "$ref" in described:
            target = DEFINITIONS[described["$ref"].removeprefix("#/$defs/")]
            assert {"title", "examples"} <= target.keys(), (name, field)
        else:
            assert described.get("title"), (name, field)
            assert {"default", "const", "enum", "examples"} & described.keys(), (name, field)


def test_examples_and_defaults_of_a_field_are_valid():
    for name, field in FIELDS:
        described = field_of(name, field)
        for value in [*described.get("examples", []), *([described["default"]] if "default" in described else [])]:
            assert Draft202012Validator(within(described)).is_valid(value), (name, field, value)


@pytest.mark.parametrize("name", sorted(set(DEFINITIONS) - {"CnnFamilyNetwork"}))
def test_examples_of_an_object_are_valid(name):
    (example,) = DEFINITIONS[name]["examples"]
    Draft202012Validator(within(DEFINITIONS[name])).validate(example)


def test_the_example_of_a_spec_can_be_trained(settings):
    (example,) = SCHEMA["examples"]
    report = check_spec(parse_spec(example), settings)
    # (4·8 + 8) + (8·3 + 3)
    assert report.num_parameters == 67


def test_bounds_have_the_words_of_json_schema():
    assert field_of("", "seed")["maximum"] == 2**31 - 1
    assert not {"ge", "gt", "le", "lt"} & set(re.findall(r'"(\w+)":', json.dumps(SCHEMA)))


def test_a_bias_cannot_start_orthogonal_in_the_schema_either():
    kernel, bias = (field_of("DenseLayer", f"{weight}_initializer") for weight in ("kernel", "bias"))
    assert Draft202012Validator(within(kernel)).is_valid("orthogonal")
    assert not Draft202012Validator(within(bias)).is_valid("orthogonal")
    assert not Draft202012Validator(within(bias)).is_valid({"name": "orthogonal"})


@pytest.mark.parametrize(
    ("value", "is_valid"), [([1, 2], True), ([[1], [2]], True), ([[[[0.5]]]], True), ([1, [2]], False), (["a"], False)]
)
def test_initial_weights_are_lists_of_one_depth(value, is_valid):
    weights = field_of("", "initial_weights")
    assert Draft202012Validator(within(weights)).is_valid({"dense": {"kernel": value}}) is is_valid
