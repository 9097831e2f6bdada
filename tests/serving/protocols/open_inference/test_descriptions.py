"""Metadata, configuration and statistics of models of every kind."""

import json

import pytest

from core.signatures.encodings import BooleanEncoding, CategoryEncoding, DateEncoding, NumberEncoding, TableEncoding
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec
from serving.protocols.open_inference.configuration import build_configuration
from serving.protocols.open_inference.interface import build_interface, interface_of
from serving.protocols.open_inference.metadata import build_model_metadata
from serving.protocols.open_inference.statistics import build_statistics
from serving.sessions.statistics import LaneStatistics


def describe(signature):
    """Return the tensors of a model's metadata, as name, datatype and shape."""
    metadata = build_model_metadata("m", [2, 10, 1], build_interface(signature))
    assert metadata["versions"] == ["1", "2", "10"]
    return tuple(
        [(tensor["name"], tensor["datatype"], tensor["shape"]) for tensor in metadata[role]]
        for role in ("inputs", "outputs")
    )


@pytest.fixture
def table():
    """A table of every type of column."""
    columns = (
        NumberEncoding(name="age"),
        NumberEncoding(name="cents", origin=2**60),
        NumberEncoding(name="height", origin=0.5),
        CategoryEncoding(name="city", values=("Oslo",)),
        BooleanEncoding(name="member"),
        DateEncoding(name="since", origin="2024-01-01", parts=("elapsed_days",)),
    )
    return ModelSignature(
        task=Task.REGRESSION,
        input_kind=InputKind.TABLE,
        input=TensorSpec(name="x", onnx_name="x", shape=(6,)),
        output=TensorSpec(name="y", onnx_name="y", shape=(1,)),
        columns=tuple(column.name for column in columns),
        table=TableEncoding(columns=columns),
    )


def test_columns_of_numbers_are_one_input(iris):
    assert describe(iris.signature) == (
        [("features", "FP32", [-1, 4])],
        [("probabilities", "FP32", [-1, 3]), ("label", "BYTES", [-1])],
    )


def test_a_table_has_an_input_for_each_column(table):
    assert describe(table)[0] == [
        ("age", "FP64", [-1]),
        ("cents", "INT64", [-1]),
        ("height", "FP64", [-1]),
        ("city", "BYTES", [-1]),
        ("member", "BOOL", [-1]),
        ("since", "BYTES", [-1]),
    ]


def test_a_series_has_steps_after_the_rows(table):
    windows = table.model_copy(update={"input": TensorSpec(name="x", onnx_name="x", shape=(3, 6))})
    assert describe(windows)[0][3] == ("city", "BYTES", [-1, 3])


def test_images_are_pixels_and_an_adder_has_bits_and_a_sum(picture, adder, series):
    assert describe(picture.signature) == ([("image", "FP32", [-1, 3, 2, 1])], [("output", "FP32", [-1, 6])])
    assert describe(series.signature) == ([("series", "FP32", [-1, -1, 2])], [("output", "FP32", [-1])])
    renamed = adder.signature.model_copy(update={"output": TensorSpec(name="y", onnx_name="y", shape=(8, 1))})
    assert describe(renamed) == ([("bits", "FP32", [-1, 8, 2])], [("y", "FP32", [-1, 8, 1]), ("sum", "INT64", [-1])])


def test_an_output_of_the_network_keeps_its_name(adder):
    assert describe(adder.signature)[1] == [("sum", "FP32", [-1, 8, 1])]


def test_an_interface_is_built_once_for_a_network(iris, line):
    assert interface_of(iris) is interface_of(iris)
    assert interface_of(iris) is not interface_of(line)


def test_a_configuration_has_no_axis_of_rows(table, series):
    configuration = build_configuration("m", build_interface(table), 500)
    assert configuration["max_batch_size"] == 500
    assert configuration["input"][3] == {
        "name": "city",
        "data_type": "TYPE_STRING",
        "dims": [1],
        "reshape": {"shape": []},
        "format": "FORMAT_NONE",
        "is_shape_tensor": False,
        "allow_ragged_batch": False,
        "optional": False,
    }
    assert json.loads(configuration["parameters"]["columns"]["string_value"]) == list(table.columns)
    assert "labels" not in configuration["parameters"]
    assert build_configuration("m", build_interface(series.signature), 1)["input"][0]["dims"] == [-1, 2]


def test_statistics_are_sums_of_calls():
    statistics = LaneStatistics(success_count=3, success_ns=900, fail_count=1, fail_ns=50, queue_count=2, queue_ns=70)
    statistics.count_call(4, 10, 100, 5)
    statistics.count_call(1, 1, 20, 2)
    statistics.count_call(4, 10, 200, 5)
    described = build_statistics("m", 2, statistics)
    assert (described["name"], described["version"]) == ("m", "2")
    assert (described["inference_count"], described["execution_count"]) == (9, 3)
    assert described["last_inference"] == statistics.last_call_ns // 1_000_000 > 1_700_000_000_000
    assert described["inference_stats"] == {
        "success": {"count": 3, "ns": 900},
        "fail": {"count": 1, "ns": 50},
        "queue": {"count": 2, "ns": 70},
        "compute_input": {"count": 3, "ns": 21},
        "compute_infer": {"count": 3, "ns": 320},
        "compute_output": {"count": 3, "ns": 12},
        "cache_hit": {"count": 0, "ns": 0},
        "cache_miss": {"count": 0, "ns": 0},
    }
    assert described["batch_stats"] == [
        {
            "batch_size": num_rows,
            "compute_input": {"count": count, "ns": inputs},
            "compute_infer": {"count": count, "ns": infer},
            "compute_output": {"count": count, "ns": outputs},
        }
        for num_rows, count, inputs, infer, outputs in ((1, 1, 1, 20, 2), (4, 2, 20, 300, 10))
    ]


def test_a_network_that_is_not_loaded_has_no_statistics():
    described = build_statistics("m", 1, None)
    assert (described["inference_count"], described["execution_count"], described["last_inference"]) == (0, 0, 0)
    assert {**described["inference_stats"]["success"], **described["inference_stats"]["compute_infer"]} == {
        "count": 0,
        "ns": 0,
    }
    assert described["batch_stats"] == []
