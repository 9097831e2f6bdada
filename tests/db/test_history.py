import math
from dataclasses import replace
from uuid import uuid4

import pytest

from core.curves.axes import Window, XAxis
from core.curves.downsampling import Mode
from core.curves.views import ViewOptions
from core.errors import EpochsUnknown, InvalidInput, TooManyPoints, UnknownMetric, UnknownRun
from core.progress import MetricBatch, Phase, Progress
from db import claims, history, metrics, runs


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
    """Curves as lists."""
    with database.reading() as session:
        found = history.history(session, run_id, keys, ViewOptions(**options)).curves
    columns = ("x", "y", "y_min", "y_max", "smoothed")
    return [
        replace(curve, **{name: column.tolist() for name in columns if (column := getattr(curve, name)) is not None})
        for curve in found
    ]


@pytest.mark.parametrize("mode", Mode)
def test_short_curve_is_returned_whole(database, run_id, store, mode):
    store("train/loss", [1, 2, 3], [0.5, 0.25, 0.125])
    (curve,) = view(database, run_id, max_points=3, mode=mode)
    assert (curve.key, curve.x, curve.y) == ("train/loss", [1, 2, 3], [0.5, 0.25, 0.125])
    assert (curve.y_min, curve.y_max, curve.total, curve.downsampled) == (None, None, 3, False)


def test_raw_view_is_never_down_sampled(database, run_id, store):
    store("train/loss", range(1, 11), [float(step) for step in range(1, 11)])
    (curve,) = view(database, run_id, max_points=3, mode=Mode.RAW)
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
    (curve,) = view(database, run_id, max_points=3, mode=Mode.LTTB)
    assert (curve.x, curve.y) == ([1, 4, 9], [0.0, 10.0, 1.0])
    assert (curve.y_min, curve.y_max, curve.total, curve.downsampled) == (None, None, 9, True)


def test_lttb_shows_where_a_curve_diverged(database, run_id, store):
    store("train/loss", range(1, 8), [1.0, 2.0, math.inf, 4.0, 5.0, math.nan, math.nan])
    (curve,) = view(database, run_id, max_points=4, mode=Mode.LTTB)
    assert curve.x[0] == 1
    assert curve.x[-2:] == [5, 7]
    assert math.isnan(curve.y[-1])
    assert len(curve.x) == 4


def test_lttb_of_nothing_but_nan_is_its_last_point(database, run_id, store):
    store("train/loss", range(1, 6), [math.nan] * 5)
    (curve,) = view(database, run_id, max_points=3, mode=Mode.LTTB)
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
    assert view(database, run_id, ["epoch/*"]) == []


@pytest.mark.parametrize("x", XAxis)
def test_axis_of_curves_without_points_is_not_made_up(database, run_id, x):
    with database.reading() as session:
        shown = history.history(session, run_id, ["train/loss"], ViewOptions(x=x))
    assert (shown.axis, shown.curves[0].x.tolist()) == (None, [])


def test_unknown_run_is_reported(database):
    with pytest.raises(UnknownRun):
        view(database, uuid4())


def test_pattern_stands_for_all_curves_that_fit_it(database, run_id, store):
    for key in ("train/loss", "epoch/train/loss", "train/accuracy"):
        store(key, [1], [1.0])
    assert [curve.key for curve in view(database, run_id, ["train/*"])] == ["train/accuracy", "train/loss"]
    # A curve that fits twice is shown once, where it fits first.
    shown = view(database, run_id, ["*loss", "train/*"])
    assert [curve.key for curve in shown] == ["epoch/train/loss", "train/loss", "train/accuracy"]


@pytest.mark.parametrize(
    ("key", "hint"), [("train/los", "Did you mean 'train/loss'"), ("x*", "Known here: train/loss")]
)
def test_unknown_curve_of_an_ended_run_is_reported_with_the_nearest(database, run_id, store, key, hint):
    store("train/loss", [1], [1.0])
    with database.transaction() as session:
        runs.cancel(session, run_id)
    with pytest.raises(UnknownMetric, match=hint):
        view(database, run_id, [key])


def test_window_shows_every_point_within_both_ends_included(database, run_id, store):
    store("train/loss", range(1, 1_001), [float(step) for step in range(1, 1_001)])
    (curve,) = view(database, run_id, max_points=5, window=Window(200, 204))
    assert (curve.x, curve.y_min, curve.downsampled) == ([200, 201, 202, 203, 204], None, False)
    # Ten steps of the window in five ranges of two.
    (curve,) = view(database, run_id, max_points=5, window=Window(None, 10))
    assert (curve.x, curve.y_min, curve.total) == ([2, 4, 6, 8, 10], [1.0, 3.0, 5.0, 7.0, 9.0], 1_000)
    (curve,) = view(database, run_id, window=Window(2_000, None))
    assert (curve.x, curve.total, curve.downsampled) == ([], 1_000, False)


@pytest.mark.parametrize("mode", Mode)
def test_smoothed_values_do_not_depend_on_the_view(database, run_id, store, mode):
    values = [float(step * step % 17) for step in range(1, 201)]
    store("train/loss", range(1, 201), values)
    last, expected = 0.0, []
    for number, value in enumerate(values, start=1):
        last = 0.9 * last + 0.1 * value
        expected.append(last / (1 - 0.9**number))
    for options in ({}, {"max_points": 10}, {"max_points": 10, "window": Window(50, 150)}):
        (curve,) = view(database, run_id, mode=mode, smoothing=0.9, **options)
        assert curve.smoothed == pytest.approx([expected[step - 1] for step in curve.x])
        assert curve.y == [values[step - 1] for step in curve.x]


def test_extremes_of_a_smoothed_view_are_those_of_the_values(database, run_id, store):
    store("train/loss", range(1, 7), [0.0, 8.0, 0.0, 8.0, 0.0, 8.0])
    (curve,) = view(database, run_id, max_points=3, smoothing=0.5)
    assert (curve.y_min, curve.y_max) == ([0.0] * 3, [8.0] * 3)


@pytest.fixture
def train(database, queue_run, claim):
    """Claim a run of a spec with this progress, store points of curves and return its id."""

    def start(spec, curves, times=None, **progress):
        run_id = queue_run(spec={"seed": 7} | spec)
        claimed = claim()
        batches = [
            MetricBatch(key, tuple(steps), tuple(values), tuple(times or [0.0] * len(steps)))
            for key, (steps, values) in curves.items()
        ]
        reported = Progress(
            **({"phase": Phase.TRAIN, "epoch": 1, "num_epochs": 2, "step": 8, "num_steps": 16} | progress)
        )
        with database.transaction() as session:
            claims.record_progress(session, run_id, claimed.attempt, 60.0, progress=reported, batches=batches)
        return run_id

    return start


@pytest.mark.parametrize("max_points", [3, 500])
def test_epochs_are_steps_by_the_steps_of_an_epoch(database, train, max_points):
    run_id = train({}, {"train/loss": (range(1, 13), [1.0] * 12)}, steps_per_epoch=8)
    (curve,) = view(database, run_id, x=XAxis.EPOCH, max_points=max_points)
    assert curve.x == ([0.5, 1.0, 1.5] if max_points == 3 else [step / 8 for step in range(1, 13)])


@pytest.mark.parametrize(
    ("spec", "curves"),
    [
        ({"training": {"steps_per_epoch": 4}}, {}),
        ({"training": {"epochs": 2}}, {"epoch/train/loss": ([4], [1.0])}),
        ({"training": {"steps": 100}}, {"epoch/train/loss": ([4, 8], [1.0, 1.0])}),
    ],
    ids=["spec", "first-epoch", "several-epochs"],
)
def test_run_of_an_earlier_version_has_epochs_too(database, train, spec, curves):
    run_id = train(spec, {"train/loss": ([2, 8], [1.0, 1.0])} | curves)
    (curve,) = view(database, run_id, ["train/loss"], x=XAxis.EPOCH)
    assert curve.x == [0.5, 2.0]


@pytest.mark.parametrize(
    ("spec", "curves"),
    [
        ({"training": {"epochs": 2}}, {}),
        # 10 steps may be less than an epoch.
        ({"training": {"steps": 10}}, {"epoch/train/loss": ([10], [1.0])}),
    ],
    ids=["no-epoch", "part-of-one"],
)
def test_epochs_that_are_not_known_are_not_guessed(database, train, spec, curves):
    run_id = train(spec, {"train/loss": ([2, 8], [1.0, 1.0])} | curves)
    with pytest.raises(EpochsUnknown, match="x=step"):
        view(database, run_id, x=XAxis.EPOCH)


@pytest.mark.parametrize("max_points", [3, 500])
def test_times_are_seconds_since_the_start_of_the_attempt(database, train, max_points):
    run_id = train({}, {"train/loss": (range(1, 5), [1.0, 2.0, 3.0, 4.0])}, times=[1_000.0, 1_000.5, 1_002.0, 1_004.0])
    with database.reading() as session:
        began = runs.get(session, run_id).started_at
        shown = history.history(session, run_id, options=ViewOptions(x=XAxis.TIME, max_points=max_points))
    assert shown.axis.origin == began.timestamp()
    expected = [1_000.0, 1_000.5, 1_002.0, 1_004.0] if max_points == 500 else [1_000.5, 1_002.0, 1_004.0]
    assert shown.curves[0].x + began.timestamp() == pytest.approx(expected)


def test_points_are_shown_in_the_order_of_time_after_a_clock_was_set_back(database, train):
    run_id = train({}, {"train/loss": (range(1, 5), [1.0, 2.0, 3.0, 4.0])}, times=[10.0, 12.0, 11.0, 13.0])
    (curve,) = view(database, run_id, x=XAxis.TIME)
    assert curve.y == [1.0, 3.0, 2.0, 4.0]
    assert curve.x == sorted(curve.x)


def test_steps_beyond_the_whole_numbers_of_doubles_stay_exact(database, run_id, store):
    first = 2**62
    store("train/loss", range(first, first + 10), [float(number) for number in range(10)])
    (curve,) = view(database, run_id, max_points=5)
    assert curve.x == [first + 1, first + 3, first + 5, first + 7, first + 9]
    (curve,) = view(database, run_id, max_points=5, mode=Mode.LTTB)
    assert (curve.x[0], curve.x[-1]) == (first, first + 9)


@pytest.mark.parametrize(
    "options", [{"max_points": 2}, {"smoothing": 1.0}, {"smoothing": math.nan}, {"window": Window(2, 1)}]
)
def test_impossible_view_is_rejected(database, run_id, options):
    with pytest.raises(InvalidInput):
        view(database, run_id, **options)


def test_view_that_would_fill_the_memory_is_rejected(database, run_id, store, monkeypatch):
    monkeypatch.setattr(history, "MAX_SHOWN_POINTS", 3)
    store("a", [1, 2], [1.0, 1.0])
    store("b", [1, 2], [1.0, 1.0])
    for options in ({"mode": Mode.RAW}, {}, {"mode": Mode.RAW, "window": Window(0, None)}):
        with pytest.raises(TooManyPoints, match="have 4 points to show; the most is 3"):
            view(database, run_id, **options)
    assert len(view(database, run_id, ["a"], mode=Mode.RAW)[0].x) == 2
    assert [len(curve.x) for curve in view(database, run_id, mode=Mode.RAW, window=Window(2, None))] == [1, 1]
