import pytest

from core.datasets.function import Linear, Polynomial, Sine
from core.signatures.signature import InputKind, Task
from core.specs.base import FLOAT32_MAX
from core.specs.parsing import parse_as

SINE = {"type": "sine"}


def test_a_range_runs_upwards(dataset):
    value = {"name": "function", "function": {"type": "sine"}, "low": 2, "high": 2}
    assert dataset(value) == {"": "low (2.0) must be below high (2.0)."}


def test_a_function_of_several_numbers_is_drawn_at_random_only(dataset):
    value = {"name": "function", "function": {"type": "linear", "weights": [3, 2]}}
    assert "uniform" in dataset(value | {"sampling": "grid"})[""]
    assert "one number" in dataset(value | {"polynomial_features": {"degree": 2}})[""]


@pytest.mark.parametrize(
    ("degree", "came"), [(0, "a number of at least 1"), (21, "a number of at most 20"), (2.5, "a whole number like 3")]
)
def test_a_degree_is_from_1_to_20(dataset, degree, came):
    value = {"name": "function", "function": {"type": "sine"}, "polynomial_features": {"degree": degree}}
    assert dataset(value) == {"/polynomial_features/degree": f"Expected {came}; got {degree}."}


def test_a_polynomial_stays_within_its_bound():
    # |2| + |-3|·2 + |4|·2² = 24; at x = -2 the value is just that: 2 + 6 + 16.
    assert parse_as(Polynomial, {"type": "polynomial", "coefficients": [2, -3, 4]}).bound(2.0) == 24.0


def test_a_polynomial_beyond_all_floats_has_no_bound():
    polynomial = Polynomial(type="polynomial", coefficients=(0.0,) * 19 + (1.0,))
    assert polynomial.bound(FLOAT32_MAX) == float("inf")


def test_a_sine_stays_within_its_bound():
    assert Sine(type="sine", amplitude=-2.0, offset=-1.5).bound(1e30) == 3.5


def test_a_linear_function_stays_within_its_bound():
    assert Linear(type="linear", weights=(3.0, -2.0), offset=-1.0).bound(10.0) == 51.0


def test_a_function_of_one_number_has_a_column_x(shape):
    samples = shape({"name": "function", "function": SINE})
    assert (samples.task, samples.input_kind) == (Task.REGRESSION, InputKind.COLUMNS)
    assert (samples.columns, samples.input_shape, samples.target_shape) == (("x",), (1,), (1,))
    assert (samples.network_input_shape, samples.num_train) == ((1,), 100)
    # What only tables, images and classes have.
    assert (samples.target_name, samples.class_labels, samples.embeddings, samples.warnings) == ("", (), (), ())
    assert (samples.table, samples.resize, samples.pixel_range) == (None, None, (0.0, 255.0))


def test_a_function_of_several_numbers_has_a_column_for_each(shape):
    samples = shape({"name": "function", "function": {"type": "linear", "weights": [3, 2, 1]}})
    assert (samples.columns, samples.input_shape) == (("x1", "x2", "x3"), (3,))


@pytest.mark.parametrize(("include_bias", "width"), [(True, 4), (False, 3)])
def test_powers_reach_the_network_though_clients_send_x(shape, include_bias, width):
    powers = {"degree": 3, "include_bias": include_bias}
    samples = shape({"name": "function", "function": SINE, "polynomial_features": powers})
    assert (samples.input_shape, samples.network_input_shape) == ((1,), (width,))


def test_values_stay_within_the_range_of_float32(dataset, read):
    # 3e38 is within float32's 3.4028e38, and with ten deviations of 4.0e36, but not with ten of 4.1e36.
    steep = {"name": "function", "function": {"type": "linear", "weights": [3e38]}}
    assert read(steep | {"low": -1, "high": 0.5})
    # At 1 and −1 it has exactly the largest number of float32.
    assert read({"name": "function", "function": {"type": "linear", "weights": [FLOAT32_MAX]}})
    found = dataset(steep | {"low": -2, "high": 0.5})
    assert "(3.4e38) for |x| up to 2; choose" in found[""]
    assert read(steep | {"noise": 4.0e36})
    assert "float32" in dataset(steep | {"noise": 4.1e36})[""]
    # 1000 to the power of 12 is 1e36, of 13 is 1e39.
    wide = {"name": "function", "function": SINE, "high": 1000}
    assert read(wide | {"polynomial_features": {"degree": 12}})
    assert "float32" in dataset(wide | {"polynomial_features": {"degree": 13}})[""]


@pytest.mark.parametrize(
    ("function", "field", "most"),
    [({"type": "polynomial"}, "coefficients", 20), ({"type": "linear"}, "weights", 1000)],
)
def test_a_function_has_at_least_one_number_and_not_too_many(dataset, read, function, field, most):
    def of(count):
        return {"name": "function", "function": function | {field: [0.5] * count}}

    assert len(getattr(read(of(1)).function, field)) == 1
    assert len(getattr(read(of(most)).function, field)) == most
    assert dataset(of(0)) == {f"/function/{field}": "Expected at least 1 item; got 0."}
    assert dataset(of(most + 1)) == {f"/function/{field}": f"Expected at most {most} items; got {most + 1}."}


def test_a_sine_is_that_of_x_by_default(read):
    sine = read({"name": "function", "function": SINE}).function
    assert (sine.amplitude, sine.angular_frequency, sine.phase, sine.offset) == (1.0, 1.0, 0.0, 0.0)
    assert read({"name": "function", "function": {"type": "linear", "weights": [2]}}).function.offset == 0.0


def test_by_default_a_hundred_x_from_minus_one_to_one_are_drawn_without_noise(read):
    line = read({"name": "function", "function": SINE})
    assert (line.num_samples, line.low, line.high, line.noise) == (100, -1.0, 1.0, 0.0)
    assert (line.sampling, line.scaling, line.polynomial_features) == ("uniform", "none", None)
    assert line.sizes_asked() == {"num_samples": 100}


def test_held_out_samples_are_counted(shape):
    samples = shape({"name": "function", "function": SINE, "split": {"validation": 30, "test": 20}})
    assert (samples.num_train, samples.num_validation, samples.num_test) == (50, 30, 20)


def test_a_linear_function_of_one_number_may_be_a_grid_of_powers(read):
    line = {"name": "function", "function": {"type": "linear", "weights": [2]}, "sampling": "grid"}
    assert read(line | {"polynomial_features": {"degree": 2}}).polynomial_features.include_bias is True
