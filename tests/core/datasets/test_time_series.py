import pytest

from core.signatures.signature import InputKind, Task

SERIES = {"name": "time_series"}


def test_a_series_is_longer_than_its_window_and_horizon(read, dataset):
    assert read(SERIES | {"num_points": 22, "window": 20, "horizon": 2}).num_samples == 1
    found = dataset(SERIES | {"num_points": 21, "window": 20, "horizon": 2})
    assert found == {"": "num_points (21) must exceed window + horizon - 1 (21)."}


def test_a_series_has_a_function_of_one_number(dataset):
    assert "one number" in dataset(SERIES | {"function": {"type": "linear", "weights": [1, 2]}})[""]


@pytest.mark.parametrize(("targets", "target_shape"), [("last", (1,)), ("every_step", (20, 1))])
def test_a_series_is_cut_into_windows(shape, targets, target_shape):
    windows = shape({"name": "time_series", "num_points": 100, "window": 20, "horizon": 5, "targets": targets})
    assert (windows.task, windows.input_kind) == (Task.SEQUENCE, InputKind.TENSOR)
    assert (windows.input_shape, windows.target_shape) == ((20, 1), target_shape)
    # The last window begins at point 76 - 1, and its target is the hundredth point.
    assert windows.num_train == 76
