import math
from uuid import uuid4

import pytest

from core.curves.axes import Window, XAxis
from core.curves.downsampling import Mode
from core.curves.views import ViewOptions
from core.errors import InvalidInput, TooManyPoints, UnknownMetric, UnknownRun
from core.progress import MetricBatch
from db import comparison, history, metrics, runs
from db.comparison import Options, compare


@pytest.fixture
def store(database, queue_run):
    """Queue a run of a spec with curves {key: {step: value}}; return its id."""

    def make(curves, seed=7, times=None, **spec):
        run_id = queue_run(spec={"seed": seed} | spec)
        batches = [
            MetricBatch(key, tuple(points), tuple(points.values()), tuple(times or [0.0] * len(points)))
            for key, points in curves.items()
        ]
        with database.transaction() as session:
            metrics.append(session, run_id, batches)
        return run_id

    return make


@pytest.fixture
def end(database):
    """Cancel a queued run."""

    def cancel(run_id):
        with database.transaction() as session:
            runs.cancel(session, run_id)

    return cancel


def compared(database, run_ids, keys=("loss",), **options):
    view = {name: options.pop(name) for name in ViewOptions.__slots__ if name in options}
    with database.reading() as session:
        return compare(session, run_ids, keys, Options(ViewOptions(**({"max_points": 200} | view)), **options))


def shown(curve):
    """Values of an aligned curve; None where it has none."""
    return [value if known else None for value, known in zip(curve.y.tolist(), curve.has_value.tolist(), strict=True)]


def test_curves_share_every_place_of_any_of_them(database, store):
    first = store({"loss": {1: 1.0, 2: 2.0, 4: 4.0}})
    second = store({"loss": {2: 5.0, 3: 6.0, 6: 9.0}})
    (metric,) = compared(database, [first, second]).keys
    assert metric.x.tolist() == [1, 2, 3, 4, 6]
    assert [curve.run_id for curve in metric.aligned] == [first, second]
    assert shown(metric.aligned[0]) == [1.0, 2.0, 3.0, 4.0, None]
    assert shown(metric.aligned[1]) == [None, 5.0, 6.0, 7.0, 9.0]


def test_runs_and_keys_keep_the_order_of_the_request(database, store):
    run_ids = [store({"b": {1: 1.0}, "a": {1: 2.0}}) for _ in range(3)][::-1]
    found = compared(database, run_ids, ["b", "a"]).keys
    assert [metric.key for metric in found] == ["b", "a"]
    assert [curve.run_id for curve in found[0].aligned] == run_ids


@pytest.mark.parametrize(("length", "grid"), [(5, [1, 3, 5, 7, 9]), (1_000, [1, 501, 1_000, 1_500, 1_999])])
def test_many_places_become_places_at_equal_distances(database, store, length, grid):
    # Together the curves have more places than are wanted; the long ones have each alone.
    first = store({"loss": {step: float(step) for step in range(1, length + 1)}})
    second = store({"loss": {step: float(step) for step in range(1, 2 * length, 2)}})
    (metric,) = compared(database, [first, second], max_points=5).keys
    assert metric.x.tolist() == grid
    assert shown(metric.aligned[1]) == [float(step) for step in metric.x]
    assert shown(metric.aligned[0])[-1] is None


def test_values_are_those_of_the_whole_curve_and_not_of_a_thinned_one(database, store):
    values = {step: float(step % 7) for step in range(1, 2_001)}
    run_id = store({"loss": values})
    (metric,) = compared(database, [run_id], max_points=11).keys
    assert shown(metric.aligned[0]) == [values[step] for step in metric.x.tolist()]


def test_smoothing_takes_every_point_of_a_long_curve(database, store):
    run_id = store({"loss": {step: float(step % 7) for step in range(1, 2_001)}})
    (metric,) = compared(database, [run_id], max_points=11, smoothing=0.9).keys
    with database.reading() as session:
        options = ViewOptions(mode=Mode.RAW, smoothing=0.9)
        (curve,) = history.history(session, run_id, options=options).curves
    assert shown(metric.aligned[0]) == [curve.smoothed[step - 1] for step in metric.x.tolist()]


def test_window_is_shown_with_as_many_places(database, store):
    run_id = store({"loss": {step: float(step) for step in range(1, 1_001)}})
    (metric,) = compared(database, [run_id], max_points=10, window=Window(101, 105)).keys
    assert (metric.x.tolist(), shown(metric.aligned[0])) == ([101, 102, 103, 104, 105], [101, 102, 103, 104, 105])
    (metric,) = compared(database, [run_id], window=Window(5_000, None)).keys
    assert (metric.x.tolist(), shown(metric.aligned[0])) == ([], [])


@pytest.mark.parametrize("max_points", [3, 200])
def test_times_of_runs_are_aligned_by_their_starts(database, store, claim, max_points):
    run_ids = [store({}), store({})]
    for _ in run_ids:
        claimed = claim()
        with database.transaction() as session:
            began = runs.get(session, claimed.run_id).started_at.timestamp()
            batch = MetricBatch("loss", (1, 2, 3, 4), (1.0, 2.0, 3.0, 4.0), tuple(began + t for t in (0.5, 1, 2, 2.5)))
            metrics.append(session, claimed.run_id, [batch])
    (metric,) = compared(database, run_ids, x=XAxis.TIME, max_points=max_points).keys
    # Starts are times with fractions, so that places which ought to be equal may differ in their last digits.
    assert metric.x[[0, -1]].tolist() == pytest.approx([0.5, 2.5], abs=1e-5)
    values = dict(zip(metric.x.round(4).tolist(), shown(metric.aligned[0]), strict=True))
    assert (values[1.5] if max_points == 3 else values[1.0]) == pytest.approx(2.5 if max_points == 3 else 2, abs=1e-4)


def test_curves_that_are_not_aligned_have_an_axis_each(database, store):
    first = store({"loss": {step: float(step) for step in range(1, 10)}})
    second = store({"loss": {5: math.nan}})
    (metric,) = compared(database, [first, second], is_aligned=False, max_points=3).keys
    assert metric.x is None
    assert [(run_id, curve.x.tolist()) for run_id, curve in metric.views] == [(first, [3, 6, 9]), (second, [5])]
    assert metric.views[0][1].y_min.tolist() == [1.0, 4.0, 7.0]


def test_runs_that_differ_in_the_seed_alone_are_averaged(database, store):
    first = store({"loss": {1: 1.0, 2: 2.0}}, seed=1, model="small")
    other = store({"loss": {1: 9.0, 2: 9.0}}, seed=1, model="large")
    second = store({"loss": {1: 3.0, 2: 6.0, 3: 8.0}}, seed=2, model="small")
    (metric,) = compared(database, [first, other, second], by_seed=True).keys
    assert metric.x.tolist() == [1, 2, 3]
    assert metric.aligned == ()
    small, large = metric.groups
    assert (small.run_ids, small.seeds) == ([first, second], [1, 2])
    assert (large.run_ids, large.seeds) == ([other], [1])
    assert small.group != large.group
    assert small.average.mean.tolist() == [2.0, 4.0, 8.0]
    assert small.average.num_curves.tolist() == [2, 2, 1]
    assert small.average.stddev.tolist()[:2] == pytest.approx([math.sqrt(2), math.sqrt(8)])
    # t of one degree of freedom is 12.7062.
    assert small.average.high.tolist()[0] == pytest.approx(2 + 12.7062 * math.sqrt(2) / math.sqrt(2), rel=1e-5)


def test_runs_of_one_seed_count_once(database, store):
    values = ((1, 1.0), (1, 3.0), (2, 6.0))
    run_ids = [store({"loss": {1: value}}, seed=seed) for seed, value in values]
    (metric,) = compared(database, run_ids, by_seed=True).keys
    (group,) = metric.groups
    assert (group.run_ids, group.seeds) == (run_ids, [1, 1, 2])
    assert (group.average.num_curves.tolist(), group.average.mean.tolist()) == ([2], [4.0])


def test_groups_have_the_runs_with_points_of_each_key(database, store):
    first = store({"a": {1: 1.0}, "b": {1: 1.0}}, seed=1)
    second = store({"a": {1: 3.0}}, seed=2)
    a, b = compared(database, [first, second], ["a", "b"], by_seed=True).keys
    assert [group.run_ids for group in a.groups] == [[first, second]]
    assert [group.run_ids for group in b.groups] == [[first]]


def test_seed_of_a_dataset_is_other_data(database, store):
    run_ids = [store({"loss": {1: 1.0}}, seed=1, dataset={"seed": seed}) for seed in (1, 2)]
    (metric,) = compared(database, run_ids, by_seed=True).keys
    assert len(metric.groups) == 2


def test_what_is_missing_is_reported(database, store):
    known, empty, unknown = store({"a": {1: 1.0}, "b": {1: 1.0}}), store({"a": {1: 1.0}}), uuid4()
    found = compared(database, [unknown, known, empty], ["b", "c*"])
    assert [(gap.run_id, gap.key, gap.code) for gap in found.missing] == [
        (unknown, None, "unknown_run"),
        (empty, "b", "no_points"),
        (known, "c*", "no_points"),
        (empty, "c*", "no_points"),
    ]
    assert [metric.key for metric in found.keys] == ["b"]


def test_name_that_cannot_be_stored_is_no_curve(database, store):
    run_id = store({"a": {1: 1.0}})
    found = compared(database, [run_id], ["a\x00", "a"])
    assert [(gap.key, gap.code) for gap in found.missing] == [("a\x00", "no_points")]
    assert [metric.key for metric in found.keys] == ["a"]


def test_run_without_epochs_is_reported(database, store):
    run_id = store({"loss": {1: 1.0}})
    other = store({"loss": {4: 1.0}}, training={"steps_per_epoch": 4})
    found = compared(database, [run_id, other], x=XAxis.EPOCH)
    assert [(gap.run_id, gap.code) for gap in found.missing] == [(run_id, "epochs_unknown")]
    assert found.keys[0].x.tolist() == [1.0]


def test_unknown_curve_of_ended_runs_is_reported_with_the_nearest(database, store, end):
    run_ids = [store({"train/loss": {1: 1.0}}), store({"train/loss": {1: 1.0}})]
    assert compared(database, run_ids, ["train/los"]).keys == []
    for run_id in run_ids:
        end(run_id)
    with pytest.raises(UnknownMetric, match="Did you mean 'train/loss'"):
        compared(database, run_ids, ["train/los"])


def test_unknown_runs_alone_are_rejected(database):
    with pytest.raises(UnknownRun):
        compared(database, [uuid4(), uuid4()])


def test_empty_curves_and_those_of_one_point_and_of_nan_are_shown(database, store):
    run_ids = [store({"loss": {3: 1.0}}), store({"loss": {1: math.nan, 2: math.inf, 3: -math.inf}})]
    (metric,) = compared(database, run_ids).keys
    assert shown(metric.aligned[0]) == [None, None, 1.0]
    values = shown(metric.aligned[1])
    assert math.isnan(values[0])
    assert values[1:] == [math.inf, -math.inf]


def test_too_many_points_are_rejected(database, store, monkeypatch):
    run_ids = [store({"loss": {1: 1.0, 2: 1.0, 3: 1.0}}) for _ in range(2)]
    monkeypatch.setattr(history, "MAX_SHOWN_POINTS", 5)
    with pytest.raises(TooManyPoints, match="have 6 points to show; the most is 5"):
        compared(database, run_ids, max_points=3)
    monkeypatch.setattr(history, "MAX_SHOWN_POINTS", 1_000)
    monkeypatch.setattr(comparison, "MAX_READ_POINTS", 5)
    with pytest.raises(TooManyPoints, match="have 6 points to read; the most is 5"):
        compared(database, run_ids)
    assert len(compared(database, run_ids, is_aligned=False).keys[0].views) == 2


def test_long_comparison_is_read_in_parts(database, store, monkeypatch):
    run_ids = [store({"loss": {1: float(number), 2: 0.0}}) for number in range(5)]
    monkeypatch.setattr(comparison, "POINTS_AT_ONCE", 5)
    (metric,) = compared(database, run_ids).keys
    assert [shown(curve)[0] for curve in metric.aligned] == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_impossible_options_are_rejected(database, store):
    with pytest.raises(InvalidInput):
        compared(database, [store({"loss": {1: 1.0}})], smoothing=1.0)
