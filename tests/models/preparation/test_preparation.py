import numpy as np
import onnxruntime
import pytest

from core.datasets.function import PolynomialFeatures
from models.onnx_graph import Graph, Value, tensor
from models.preparation.preparation import Preparation, find_lost_inputs, fit_scaling_of_columns


def fitted(scaling, inputs, powers=None):
    return fit_scaling_of_columns(scaling, np.array(inputs, np.float32), powers)


def prepared(preparation, inputs):
    return preparation.apply(np.array(inputs, np.float32)).tolist()


def test_standardized_columns_have_mean_0_and_deviation_1_over_the_training_samples():
    preparation = fitted("standardize", [[1, 10], [3, 30], [5, 20]])

    # Means 3 and 20; deviations sqrt(8/3) and sqrt(200/3).
    assert preparation.offset == (3, 20)
    assert preparation.spread == pytest.approx((np.sqrt(8 / 3), np.sqrt(200 / 3)))
    rows = np.array(prepared(preparation, [[1, 10], [3, 30], [5, 20]]))
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(rows.std(axis=0), 1, rtol=1e-6)


def test_min_max_columns_are_from_0_to_1_and_beyond_for_rows_outside_the_range():
    preparation = fitted("min_max", [[2, -1], [4, 1]])

    assert prepared(preparation, [[2, -1], [4, 1], [3, 0], [6, 3]]) == [[0, 0], [1, 1], [0.5, 0.5], [2, 2]]


@pytest.mark.parametrize("scaling", ["standardize", "min_max"])
def test_a_constant_column_becomes_0_and_is_not_divided(scaling):
    preparation = fitted(scaling, [[7, 1], [7, 2]])

    assert np.array(prepared(preparation, [[7, 1], [7.5, 1]]))[:, 0].tolist() == [0, 0.5]


@pytest.mark.parametrize(("include_bias", "powers"), [(True, [1, 2, 4, 8]), (False, [2, 4, 8])])
def test_powers_replace_x_lowest_first(include_bias, powers):
    preparation = Preparation(powers=PolynomialFeatures(degree=3, include_bias=include_bias))

    assert prepared(preparation, [[2]]) == [powers]


def test_powers_are_computed_from_scaled_numbers_so_that_the_bias_stays_1():
    powers = PolynomialFeatures(degree=2)

    assert prepared(fitted("min_max", [[0], [10]], powers), [[5]]) == [[1, 0.5, 0.25]]


def test_large_arrays_are_prepared_in_chunks():
    inputs = np.arange(20_000, dtype=np.float32)[:, None]

    result = Preparation(factor=0.5).apply(inputs)

    np.testing.assert_array_equal(result, inputs / 2)


def test_no_samples_stay_no_samples():
    preparation = Preparation(powers=PolynomialFeatures(degree=3))

    assert preparation.apply(np.empty((0, 1), np.float32)).shape == (0, 4)


def run_graph(preparation, rows):
    """Return what the exported graph makes of rows."""
    graph = Graph({"x"})
    value = preparation.add_to(graph, Value("x", rows.shape[1:]))
    model = graph.finish(
        tensor("x", ["n", *rows.shape[1:]], preparation.dtype), tensor(value.name, ["n", *value.shape])
    )
    session = onnxruntime.InferenceSession(model.SerializeToString())
    (answers,) = session.run(None, {"x": rows.astype(preparation.dtype)})
    return answers.tolist()


@pytest.mark.parametrize(
    ("preparation", "expected"),
    [
        (Preparation(factor=0.5), [[0.5, 2], [1.5, 5]]),
        (Preparation(factor=2.0), [[2, 8], [6, 20]]),
        (Preparation(offset=(1, 4), spread=(2.0, 3.0)), [[0, 0], [1, 2]]),
        (Preparation(offset=(1, 4), spread=(2.0, 3.0), dtype="float64"), [[0, 0], [1, 2]]),
        (Preparation(offset=(1, 4), spread=(2.0, 3.0), dtype="int64"), [[0, 0], [1, 2]]),
    ],
)
def test_training_and_the_exported_graph_prepare_alike(preparation, expected):
    rows = np.array([[1, 4], [3, 10]])
    assert preparation.apply(rows.astype(preparation.dtype)).tolist() == [pytest.approx(row) for row in expected]
    assert run_graph(preparation, rows) == [pytest.approx(row) for row in expected]


def test_columns_whose_digits_float32_does_not_keep_are_scaled_one_by_one():
    columns = np.array([[1e9, 5.0], [1e9 + 1, 7.0], [1e9 + 4, 9.0]])

    preparation = fit_scaling_of_columns("min_max", columns)

    assert preparation.dtype == "float64"
    assert preparation.apply(columns).tolist() == [[0, 0], [0.25, 0.5], [1, 1]]
    assert run_graph(preparation, columns) == [[0, 0], [0.25, 0.5], [1, 1]]


def test_powers_follow_the_scaling_of_columns_in_64_bits():
    powers = PolynomialFeatures(degree=2, include_bias=False)
    column = np.array([[1e9], [1e9 + 1], [1e9 + 4]])

    preparation = fit_scaling_of_columns("min_max", column, powers)

    assert preparation.apply(column).tolist() == [[0, 0], [0.25, 0.0625], [1, 1]]


def test_inputs_that_are_scaled_in_64_bits_lose_nothing():
    columns = np.array([[1e9], [1e9 + 1], [1e9 + 4]])

    assert find_lost_inputs(fit_scaling_of_columns("standardize", columns), columns) == ()
    (notice,) = find_lost_inputs(fit_scaling_of_columns("none", columns), columns)
    assert (notice.code, notice.pointer) == ("digits_lost", "/dataset")


def test_distances_that_do_not_fit_into_64_bits_do_not_wrap_around():
    preparation = Preparation(offset=(2**62,), spread=(2.0**61,), dtype="int64")
    rows = np.array([[2**62], [2**62 + 2**61], [-(2**63)], [2**63 - 1], [-1]], np.int64)
    distances = [[0], [1], [-6], [2], [-2]]

    assert preparation.apply(rows).tolist() == distances
    assert run_graph(preparation, rows) == distances
