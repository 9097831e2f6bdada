import numpy as np
import pytest

from serving.explanations.features import Feature
from serving.explanations.shapley import attribute_by_occlusion, attribute_by_sampling, attribute_exactly

RANDOM = np.random.default_rng(1)


def make_features(count):
    return tuple(Feature(f"x{place}", place) for place in range(count))


def linear(weights):
    return lambda rows: rows @ np.asarray(weights, float) + 1


def test_contributions_to_a_linear_model_are_its_weights_times_the_distance_from_the_mean():
    background = RANDOM.normal(size=(16, 4))
    row, weights = np.array([1.0, 2, 3, 4]), np.array([1.0, -2, 0, 0.5])
    found = attribute_exactly(linear(weights), row, background, make_features(4))
    np.testing.assert_allclose(found.contributions, weights * (row - background.mean(axis=0)), atol=1e-12)
    assert found.prediction == pytest.approx(1 + row @ weights)
    assert found.baseline == pytest.approx(1 + background.mean(axis=0) @ weights)
    assert found.standard_errors is None


def test_an_interaction_is_shared_equally():
    # x0 · x1 at (2, 3) against (0, 0): 6 in all, half of it each; x2 has no part in it.
    found = attribute_exactly(
        lambda rows: rows[:, 0] * rows[:, 1], np.array([2.0, 3, 9]), np.zeros((1, 3)), make_features(3)
    )
    np.testing.assert_allclose(found.contributions, [3, 3, 0], atol=1e-12)


def test_values_are_those_by_hand():
    # v(∅) = 0, v(a) = 1, v(b) = 2, v(ab) = 6: a gets (1 + (6 − 2)) / 2, b (2 + (6 − 1)) / 2.
    values = {(0, 0): 0, (1, 0): 1, (0, 1): 2, (1, 1): 6}

    def evaluate(rows):
        return np.array([values[tuple(row)] for row in rows.astype(int).tolist()], float)

    found = attribute_exactly(evaluate, np.ones(2), np.zeros((1, 2)), make_features(2))
    np.testing.assert_allclose(found.contributions, [2.5, 3.5])


def wavy(rows):
    return np.sin(rows[:, 0]) * rows[:, 1] + np.exp(-(rows[:, 2] ** 2)) * rows[:, 3] + rows[:, 4] * rows[:, 0]


@pytest.mark.parametrize("num_samples", [1, 32, 100])
def test_contributions_add_up_to_the_difference_from_the_baseline(num_samples):
    background, row = RANDOM.normal(size=(16, 6)), RANDOM.normal(size=6)
    features = make_features(6)
    exact = attribute_exactly(wavy, row, background, features)
    sampled = attribute_by_sampling(wavy, row, background, features, num_samples, 5)
    for found in (exact, sampled):
        assert found.contributions.sum() == pytest.approx(found.prediction - found.baseline, abs=1e-9)
        assert found.prediction == pytest.approx(wavy(row[None])[0])
        assert found.baseline == pytest.approx(wavy(background).mean())
        assert found.contributions[5] == pytest.approx(0, abs=1e-12)


def test_sampled_contributions_are_near_the_exact_ones_by_their_standard_errors():
    background, row = RANDOM.normal(size=(16, 6)), RANDOM.normal(size=6)
    features = make_features(6)
    exact = attribute_exactly(wavy, row, background, features).contributions
    found = attribute_by_sampling(wavy, row, background, features, 4096, 7)
    assert found.standard_errors is not None
    assert (np.abs(found.contributions - exact) <= 4 * found.standard_errors + 1e-12).all()
    assert (found.standard_errors[:5] > 0).all()
    few = attribute_by_sampling(wavy, row, background, features, 64, 7)
    assert few.standard_errors is not None
    assert few.standard_errors.sum() > 4 * found.standard_errors.sum()


def test_samples_repeat_with_the_seed():
    background, row = RANDOM.normal(size=(4, 6)), RANDOM.normal(size=6)
    first, again, other = (
        attribute_by_sampling(wavy, row, background, make_features(6), 64, seed).contributions for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_numbers_of_one_column_are_replaced_together():
    features = (Feature("date", 0, 2), Feature("x", 2))
    background, row = np.zeros((1, 3)), np.array([2.0, 5, 1])
    # The product of both numbers of the date: neither alone would have a contribution of 10.
    found = attribute_exactly(lambda rows: rows[:, 0] * rows[:, 1], row, background, features)
    np.testing.assert_allclose(found.contributions, [10, 0])
    found = attribute_by_sampling(lambda rows: rows[:, 0] * rows[:, 1], row, background, features, 2, 1)
    np.testing.assert_allclose(found.contributions, [10, 0])


def test_a_column_of_a_series_is_replaced_at_every_step():
    background, row = np.zeros((2, 3, 2)), np.arange(6.0).reshape(3, 2)
    found = attribute_exactly(lambda rows: rows.sum(axis=(1, 2)), row, background, make_features(2))
    np.testing.assert_allclose(found.contributions, [0 + 2 + 4, 1 + 3 + 5])


def test_missing_values_are_values():
    found = attribute_exactly(
        lambda rows: np.isnan(rows).sum(axis=1).astype(float), np.array([np.nan, 1]), np.zeros((1, 2)), make_features(2)
    )
    np.testing.assert_allclose(found.contributions, [1, 0])


def test_occlusion_is_the_fall_when_one_column_is_replaced():
    background, row = np.array([[0.0, 0, 0], [1, 1, 1]]), np.array([2.0, 3, 9])
    found = attribute_by_occlusion(lambda rows: rows[:, 0] * rows[:, 1], row, background, make_features(3))
    # 6 − (0 + 3) / 2, 6 − (0 + 2) / 2, 6 − 6.
    np.testing.assert_allclose(found.contributions, [4.5, 5, 0])
    assert (found.prediction, found.baseline) == (6, 0.5)


def test_rows_are_evaluated_in_chunks():
    sizes = []

    def evaluate(rows):
        sizes.append(len(rows))
        return rows.sum(axis=1)

    attribute_exactly(evaluate, np.ones(10), np.zeros((16, 10)), make_features(10))
    assert (max(sizes), sum(sizes)) == (4096, 1024 * 16)
    sizes.clear()
    attribute_by_sampling(evaluate, np.ones(30), np.zeros((16, 30)), make_features(30), 1000, 1)
    assert (max(sizes) <= 4096, sum(sizes)) == (True, 1024 * 31)
