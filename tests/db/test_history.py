import math
from uuid import uuid4

import numpy as np
import pytest

from core.errors import InvalidInput
from core.progress import MetricBatch
from db import history, metrics
from db.history import largest_triangles


@pytest.fixture
def run_id(queue_run):
    return queue_run()


@pytest.fixture
def store(database, run_id):
    def append(key, steps, values):
        batch = MetricBatch(key=key, steps=tuple(steps), values=tuple(values), times=(0.0,) * len(steps))
        with database.transaction() as session:
            metrics.append(session, run_id, [batch])

    return append


def view(database, run_id, keys=None, **options):
    with database.reading() as session:
        return history.history(session, run_id, keys, **options)


@pytest.mark.parametrize("mode", history.Mode)
def test_short_curve_is_returned_whole(database, run_id, store, mode):
    store("train/loss", [1, 2, 3], [0.5, 0.25, 0.125])
    (curve,) = view(database, run_id, max_points=3, mode=mode)
    assert (curve.key, curve.x, curve.y) == ("train/loss", [1, 2, 3], [0.5, 0.25, 0.125])
    assert (curve.y_min, curve.y_max, curve.total, curve.downsampled) == (None, None, 3, False)


def test_raw_view_is_never_down_sampled(database, run_id, store):
    store("train/loss", range(1, 11), [float(step) for step in range(1, 11)])
    (curve,) = view(database, run_id, max_points=3, mode="raw")
    assert (curve.x, curve.downsampled) == (list(range(1, 11)), False)


def test_minmax_shows_the_extremes_of_each_range(database, run_id, store):
    # Steps 1 to 12 in 4 ranges of 3.
    store("train/loss", range(1, 13), [3.0, 9.0, 1.0, 4.0, 4.0, 5.0, -2.0, 0.0, 7.0, 8.0, 6.0, 8.0])
    (curve,) = view(database, run_id, max_points=4)
    assert curve.x == [3, 6, 9, 12]
    assert curve.y == [1.0, 5.0, 7.0, 8.0]
    assert curve.y_min == [1.0, 4.0, -2.0, 6.0]
    assert curve.y_max == [9.0, 5.0, 7.0, 8.0]
    assert (curve.total, curve.downsampled) == (12, True)


def test_minmax_ranges_that_cannot_be_equal_differ_by_one_step(database, run_id, store):
    # 10 steps in 4 ranges of 2.5: step s, from 0 on, lies in the range ⌊4s / 10⌋, so they hold 3, 2, 3 and 2 steps.
    store("train/loss", range(1, 11), [float(step) for step in range(1, 11)])
    (curve,) = view(database, run_id, max_points=4)
    assert (curve.x, curve.y_min) == ([3, 5, 8, 10], [1.0, 4.0, 6.0, 9.0])


def test_minmax_ranges_are_of_steps_and_those_without_points_are_left_out(database, run_id, store):
    # Steps 10 to 109 in 4 ranges of 25, which begin at 10, 35, 60 and 85; nothing lies in the third.
    store("train/loss", [10, 11, 34, 35, 109], [1.0, 2.0, 3.0, 4.0, 5.0])
    (curve,) = view(database, run_id, max_points=4)
    assert (curve.x, curve.y_min, curve.y_max) == ([34, 35, 109], [1.0, 4.0, 5.0], [3.0, 4.0, 5.0])


def test_minmax_passes_over_nan_but_shows_it_where_it_is_last(database, run_id, store):
    nan = math.nan
    store("train/loss", range(1, 10), [1.0, nan, 2.0, 3.0, 4.0, nan, nan, nan, nan])
    (curve,) = view(database, run_id, max_points=3)
    assert curve.x == [3, 6, 9]
    assert curve.y[0] == 2.0
    assert all(map(math.isnan, curve.y[1:]))
    assert curve.y_min[:2] == [1.0, 3.0]
    assert curve.y_max[:2] == [2.0, 4.0]
    assert math.isnan(curve.y_min[2])
    assert math.isnan(curve.y_max[2])


def test_minmax_keeps_infinities(database, run_id, store):
    store("train/loss", range(1, 7), [1.0, math.inf, 2.0, -math.inf, 3.0, 4.0])
    (curve,) = view(database, run_id, max_points=3)
    assert curve.y_max == [math.inf, 2.0, 4.0]
    assert curve.y_min == [1.0, -math.inf, 3.0]


def test_minmax_of_a_long_curve_has_no_more_points_than_asked_for(database, run_id, store):
    store("train/loss", range(7, 7 + 5_003), [math.sin(step) for step in range(5_003)])
    (curve,) = view(database, run_id, max_points=500)
    assert len(curve.x) == 500
    assert curve.x[-1] == 5_009
    assert max(curve.y_max) == max(math.sin(step) for step in range(5_003))


def test_lttb_keeps_the_ends_and_the_peak(database, run_id, store):
    store("train/loss", range(1, 10), [0.0, 0.0, 0.0, 10.0, 0.0, 0.0, 0.0, 0.0, 1.0])
    (curve,) = view(database, run_id, max_points=3, mode="lttb")
    assert (curve.x, curve.y) == ([1, 4, 9], [0.0, 10.0, 1.0])
    assert (curve.y_min, curve.y_max, curve.total, curve.downsampled) == (None, None, 9, True)


def test_lttb_shows_where_a_curve_diverged(database, run_id, store):
    store("train/loss", range(1, 8), [1.0, 2.0, math.inf, 4.0, 5.0, math.nan, math.nan])
    (curve,) = view(database, run_id, max_points=4, mode="lttb")
    assert curve.x[0] == 1
    assert curve.x[-2:] == [5, 7]
    assert math.isnan(curve.y[-1])
    assert len(curve.x) == 4


def test_lttb_of_nothing_but_nan_is_its_last_point(database, run_id, store):
    store("train/loss", range(1, 6), [math.nan] * 5)
    (curve,) = view(database, run_id, max_points=3, mode="lttb")
    assert curve.x == [5]


def test_curves_are_returned_in_the_order_of_the_keys(database, run_id, store):
    store("a", [1], [1.0])
    store("b", [1], [2.0])
    assert [curve.key for curve in view(database, run_id)] == ["a", "b"]
    assert [curve.key for curve in view(database, run_id, ["b", "a"])] == ["b", "a"]


def test_curve_without_points_is_empty(database, run_id, store):
    store("a", [1], [1.0])
    (curve,) = view(database, run_id, ["epoch/validation/loss"])
    assert (curve.x, curve.y, curve.total, curve.downsampled) == ([], [], 0, False)
    assert view(database, uuid4()) == []


@pytest.mark.parametrize("options", [{"mode": "mean"}, {"max_points": 2}])
def test_impossible_view_is_rejected(database, run_id, options):
    with pytest.raises(InvalidInput):
        view(database, run_id, **options)


def test_raw_view_that_would_fill_the_memory_is_rejected(database, run_id, store, monkeypatch):
    monkeypatch.setattr(history, "MAX_RAW_POINTS", 3)
    store("a", [1, 2], [1.0, 1.0])
    store("b", [1, 2], [1.0, 1.0])
    with pytest.raises(InvalidInput, match="has 4 points; the most is 3"):
        view(database, run_id, mode="raw")
    assert len(view(database, run_id, ["a"], mode="raw")[0].x) == 2


def positions_of(x, y, num_points):
    return largest_triangles(np.array(x, dtype=float), np.array(y, dtype=float), num_points).tolist()


@pytest.mark.parametrize("num_points", [3, 4, 10])
def test_few_points_are_all_kept(num_points):
    assert positions_of([1, 2, 3], [5, 1, 4], num_points) == [0, 1, 2]


def test_one_bucket_gives_the_point_farthest_from_the_line_between_the_ends():
    # The line from (0, 0) to (4, 0); areas are 1·4/2, 3·4/2 and 2·4/2.
    assert positions_of([0, 1, 2, 3, 4], [0, 1, -3, 2, 0], 3) == [0, 2, 4]


def test_each_bucket_gives_the_largest_triangle_with_its_neighbours():
    # Buckets {1, 2} and {3, 4}. First: corners (0, 0) and the mean of the next bucket (3.5, 2): twice the areas are
    # |0·… - 3.5·y + 2·x|: point 1 (y 1) 1.5, point 2 (y -1) 7.5, so point 2 is chosen.
    # Second: corners (2, -1) and (5, 0): twice the areas are |3·(y + 1) - (x - 2)|: point 3 (y 4) 14, point 4 (y 0) 1.
    assert positions_of([0, 1, 2, 3, 4, 5], [0, 1, -1, 4, 0, 0], 4) == [0, 2, 3, 5]


def test_positions_rise_and_the_ends_are_kept():
    y = np.random.default_rng(0).normal(size=1_001)
    positions = largest_triangles(np.arange(1_001, dtype=float), y, 100)
    assert len(positions) == 100
    assert (np.diff(positions) > 0).all()
    assert (positions[0], positions[-1]) == (0, 1_000)
