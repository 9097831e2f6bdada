import numpy as np
import onnx
import pytest
from onnx import helper

from core.errors import InvalidInstances
from serving.sessions.warm_up import Measurement, measure, size_of_row


def test_the_time_of_a_call_grows_with_its_rows():
    measurement = Measurement(call_seconds=0.5, row_seconds=0.25, row_size=4, is_rowwise=True)
    assert measurement.estimate_seconds(1) == 0.75
    assert measurement.estimate_seconds(4) == 1.5
    assert measurement.estimate_seconds(2, row_size=8) == 1.5
    assert measurement.estimate_seconds(2, row_size=1) == 1.0


def test_the_size_of_a_row_counts_all_inputs():
    assert size_of_row({"a": np.zeros((3, 2, 5)), "b": np.zeros(3)}, 3) == 11


def test_the_size_of_a_row_of_nothing_is_0():
    assert size_of_row({"a": np.zeros((0, 2))}, 0) == 0


@pytest.mark.parametrize("name", ["line", "iris", "gate", "adder", "picture", "series", "pair"])
def test_networks_whose_rows_are_independent_are_recognised(request, name):
    measurement = measure(request.getfixturevalue(name))
    assert measurement.is_rowwise
    assert measurement.row_seconds >= 0
    assert 0 < measurement.estimate_seconds(1) < 1


def test_a_network_that_mixes_rows_is_recognised(centred):
    assert not measure(centred).is_rowwise


def test_a_network_of_one_output_for_the_whole_batch_is_recognised(make_model):
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["mean"], axes=[0], keepdims=1),
        # A shape that is only known once it has been computed.
        helper.make_node("NonZero", ["mean"], ["places"]),
        helper.make_node("Transpose", ["places"], ["pairs"]),
        helper.make_node("Cast", ["pairs"], ["y"], to=onnx.TensorProto.FLOAT),
    ]
    model = make_model(nodes, {"x": ("float32", (2,))}, {"y": ("float32", (2,))})
    assert not measure(model).is_rowwise


def test_a_network_whose_outputs_are_random_is_not_rowwise(make_model):
    nodes = [helper.make_node("RandomUniformLike", ["x"], ["y"])]
    model = make_model(nodes, {"x": ("float32", (2,))}, {"y": ("float32", (2,))})
    assert not measure(model).is_rowwise


def test_missing_numbers_in_outputs_are_equal(make_model):
    nodes = [helper.make_node("Sub", ["x", "one"], ["below"]), helper.make_node("Sqrt", ["below"], ["y"])]
    model = make_model(nodes, {"x": ("float32", (2,))}, {"y": ("float32", (2,))}, {"one": np.float32(1)})
    assert np.isnan(model.run({"X": np.zeros((1, 2), np.float32)})["Y"]).all()
    assert measure(model).is_rowwise


def test_a_network_that_needs_long_sequences_is_measured_on_some(make_model):
    nodes = [helper.make_node("Conv", ["x", "w"], ["y"])]
    weights = {"w": np.ones((1, 1, 100), np.float32)}
    model = make_model(nodes, {"x": ("float32", (1, -1))}, {"y": ("float32", (1, -1))}, weights)
    measurement = measure(model)
    assert measurement.row_size == 128
    assert measurement.is_rowwise


def test_a_network_that_takes_no_drawn_number_is_measured_on_zeros_and_never_joins(make_model):
    nodes = [
        helper.make_node("Mul", ["x", "many"], ["large"]),
        helper.make_node("Cast", ["large"], ["index"], to=onnx.TensorProto.INT64),
        helper.make_node("Gather", ["table", "index"], ["y"]),
    ]
    weights = {"many": np.float32(1e6), "table": np.zeros((10,), np.float32)}
    measurement = measure(make_model(nodes, {"x": ("float32", (4,))}, {"y": ("float32", (4,))}, weights))
    assert measurement is not None
    assert not measurement.is_rowwise


def test_a_network_that_takes_nothing_that_was_tried_is_not_measured(line, hold):
    model = hold(line)

    def reject(_):
        raise InvalidInstances("Nothing fits.")

    model.run = reject
    assert measure(model) is None


def test_a_slow_network_is_measured_on_one_row_alone(line, hold, monkeypatch):
    model = hold(line)
    sizes = []
    run = model.run
    model.run = lambda inputs: (sizes.append(len(inputs["input"])), run(inputs))[1]
    monkeypatch.setattr("serving.sessions.warm_up.BATCH_SECONDS", 0.0)
    measurement = measure(model)
    assert max(sizes) == 3
    assert measurement.call_seconds == 0
    assert measurement.row_seconds > 0
