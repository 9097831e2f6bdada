import math
from types import SimpleNamespace

import pytest

from core.progress import MetricBatch
from db import metrics
from db.metrics import Summary
from db.points import list_series, read_points


def batch(key, steps, values):
    return MetricBatch(key=key, steps=tuple(steps), values=tuple(values), times=tuple(float(step) for step in steps))


@pytest.fixture
def append(database, queue_run):
    run_id = queue_run()

    def store(*batches):
        with database.transaction() as session:
            metrics.append(session, run_id, batches)
        with database.reading() as session:
            series = list_series(session, [run_id])
            curves = [
                SimpleNamespace(key=one.key, x=points.steps.tolist(), y=points.values.tolist())
                for one, points in zip(series, read_points(session, series), strict=True)
            ]
            return metrics.list_keys(session, run_id), curves

    return store


def test_first_points_make_a_summary(append):
    summaries, _ = append(batch("train/loss", [1, 2, 3, 4], [0.5, 0.25, 2.0, 0.25]))
    assert summaries == [
        Summary(
            key="train/loss",
            count=4,
            first=0.5,
            first_step=1,
            last=0.25,
            last_step=4,
            min=0.25,
            min_step=2,
            max=2.0,
            max_step=3,
            best=0.25,
            best_step=2,
        )
    ]


def test_later_points_extend_the_summary(append):
    append(batch("train/loss", [1, 2], [0.5, 0.25]))
    (summary,), _ = append(batch("train/loss", [3, 4], [0.125, 0.25]))
    assert (summary.count, summary.first, summary.last, summary.last_step) == (4, 0.5, 0.25, 4)
    assert (summary.min, summary.min_step, summary.max, summary.max_step) == (0.125, 3, 0.5, 1)


def test_points_that_are_reported_twice_count_once(append):
    points = batch("train/loss", [1, 2, 3], [0.5, 0.25, 2.0])
    once = append(points)
    assert append(points) == once
    assert append(points, points) == once


def test_later_value_of_a_step_counts_and_the_summary_knows(append):
    append(batch("train/loss", [1, 2, 3], [0.5, 9.0, 2.0]))
    (summary,), (curve,) = append(batch("train/loss", [2, 4], [1.0, 0.0]))
    assert (curve.x, curve.y) == ([1, 2, 3, 4], [0.5, 1.0, 2.0, 0.0])
    assert (summary.count, summary.last, summary.last_step) == (4, 0.0, 4)
    assert (summary.min, summary.min_step, summary.max, summary.max_step) == (0.0, 4, 2.0, 3)


def test_point_that_is_reported_again_with_later_ones_counts_once(append):
    append(batch("train/loss", [1, 2], [0.5, 0.25]))
    (summary,), (curve,) = append(batch("train/loss", [2, 3], [0.75, 1.0]))
    assert (curve.x, curve.y) == ([1, 2, 3], [0.5, 0.75, 1.0])
    assert (summary.count, summary.min, summary.min_step) == (3, 0.5, 1)


def test_points_may_be_reported_in_any_order(append):
    (summary,), (curve,) = append(batch("train/loss", [3, 1, 2, 1], [0.3, 9.0, 0.2, 0.1]))
    assert (curve.x, curve.y) == ([1, 2, 3], [0.1, 0.2, 0.3])
    assert (summary.count, summary.first, summary.last) == (3, 0.1, 0.3)


def test_points_before_the_first_one_are_counted(append):
    append(batch("train/loss", [5], [0.5]))
    (summary,), _ = append(batch("train/loss", [1], [1.5]))
    assert (summary.count, summary.first, summary.first_step, summary.last_step) == (2, 1.5, 1, 5)


def test_curves_are_kept_apart_and_listed_by_key(append):
    summaries, curves = append(batch("b", [1], [2.0]), batch("a", [1, 2], [1.0, 3.0]), batch("b", [2], [4.0]))
    assert [(summary.key, summary.count, summary.last) for summary in summaries] == [("a", 2, 3.0), ("b", 2, 4.0)]
    assert [(curve.key, curve.y) for curve in curves] == [("a", [1.0, 3.0]), ("b", [2.0, 4.0])]


def test_empty_batch_makes_no_curve(append):
    assert append(batch("train/loss", [], [])) == ([], [])


def test_nan_and_infinities_survive(append):
    _, (curve,) = append(batch("train/loss", [1, 2, 3, 4], [math.inf, -math.inf, math.nan, 1.5]))
    assert curve.y[:2] == [math.inf, -math.inf]
    assert math.isnan(curve.y[2])
    assert curve.y[3] == 1.5


def test_nan_is_neither_least_nor_greatest(append):
    (summary,), _ = append(batch("train/loss", [1, 2, 3], [math.nan, 0.5, math.nan]))
    assert (summary.min, summary.min_step, summary.max, summary.max_step) == (0.5, 2, 0.5, 2)
    assert math.isnan(summary.first)
    assert math.isnan(summary.last)


@pytest.mark.parametrize("is_repeated", [False, True])
def test_curve_of_nan_alone_has_no_extremes(append, is_repeated):
    points = batch("train/loss", [1, 2], [math.nan, math.nan])
    (summary,), _ = append(*[points] * (1 + is_repeated))
    assert (summary.count, summary.min_step, summary.max_step) == (2, None, None)
    assert math.isnan(summary.min)
    assert math.isnan(summary.max)


def test_numbers_after_nan_alone_become_the_extremes(append):
    append(batch("train/loss", [1], [math.nan]))
    (summary,), _ = append(batch("train/loss", [2], [0.5]))
    assert (summary.min, summary.min_step, summary.max, summary.max_step) == (0.5, 2, 0.5, 2)


def test_nan_after_numbers_leaves_the_extremes(append):
    append(batch("train/loss", [1], [0.5]))
    (summary,), _ = append(batch("train/loss", [2], [math.nan]))
    assert (summary.min, summary.min_step, summary.max, summary.max_step) == (0.5, 1, 0.5, 1)


def test_doubles_keep_every_digit(append):
    values = [0.1, 1e-308, 1.7976931348623157e308, -5e-324]
    _, (curve,) = append(batch("train/loss", [1, 2, 3, 4], values))
    assert curve.y == values


def test_large_batch_is_stored_whole(append):
    (summary,), (curve,) = append(batch("train/loss", range(1, 70_001), [float(step) for step in range(1, 70_001)]))
    assert (summary.count, summary.max_step) == (70_000, 70_000)
    assert (curve.x[-1], curve.y[-1]) == (70_000, 70_000.0)


@pytest.mark.parametrize(
    ("key", "best"),
    [
        ("epoch/validation/loss", (0.25, 2)),
        ("epoch/validation/accuracy", (2.0, 3)),
        ("test/mean_absolute_error", (0.25, 2)),
        ("train/gradient_norm/dense", (None, None)),
    ],
)
def test_the_best_value_is_that_of_the_direction_of_its_metric(append, key, best):
    append(batch(key, [1, 2], [0.5, 0.25]))
    (summary,), _ = append(batch(key, [3, 4], [2.0, 0.25]))
    assert (summary.best, summary.best_step) == best
