import numpy as np
import pytest

from core.checks.recording import DEFAULT_POINTS
from core.progress import Phase, Progress
from models.fit.curves import Curve, Outbox


def feed(reporter, num_points, chunk, *, max_points=DEFAULT_POINTS, finish=True):
    """Give a curve of x² its points in chunks."""
    outbox = Outbox(reporter, seconds_between=0)
    curve = Curve("train", ("loss", "accuracy"), num_points, outbox, max_points)
    for start in range(1, num_points + 1, chunk):
        steps = np.arange(start, min(start + chunk, num_points + 1))
        curve.add(steps, np.stack([steps**2, -steps], axis=1).astype(np.float32))
        outbox.send_if_due()
    if finish:
        curve.finish()
        outbox.send()
    return curve


def test_a_short_run_keeps_every_point(reporter):
    feed(reporter, 50, 7)

    assert reporter.curves["train/loss"] == {step: step**2 for step in range(1, 51)}
    assert reporter.curves["train/accuracy"] == {step: -step for step in range(1, 51)}


@pytest.mark.parametrize("num_points", [DEFAULT_POINTS + 1, 10_000, 123_457])
def test_a_long_run_keeps_about_two_thousand_the_first_and_the_last_among_them(reporter, num_points):
    feed(reporter, num_points, 997)

    steps = list(reporter.curves["train/loss"])
    assert DEFAULT_POINTS / 2 <= len(steps) <= DEFAULT_POINTS + 2
    assert (steps[0], steps[-1]) == (1, num_points)
    assert all(reporter.curves["train/loss"][step] == np.float32(step**2) for step in steps)


def test_every_step_is_kept_if_asked_for(reporter):
    feed(reporter, 10_001, 997, max_points=None)

    assert reporter.curves["train/loss"] == {step: np.float32(step**2) for step in range(1, 10_002)}


def test_another_number_of_points_is_kept_if_asked_for(reporter):
    feed(reporter, 10_000, 997, max_points=5)

    assert list(reporter.curves["train/loss"]) == [1, 2_000, 4_000, 6_000, 8_000, 10_000]


def test_which_points_are_kept_does_not_depend_on_how_they_arrive(reporter):
    feed(reporter, 9_000, 10)
    first, reporter.curves = reporter.curves, {}
    feed(reporter, 9_000, 4_321)

    assert reporter.curves == first


def test_the_last_value_is_available_though_its_point_was_not_kept(reporter):
    curve = feed(reporter, 4_001, 4_001, finish=False)

    assert curve.last == {"train/loss": 4_001**2, "train/accuracy": -4_001}
    assert max(reporter.curves["train/loss"]) == 4_000 - 4_000 % 3


def test_times_rise_within_a_call():
    class TimeReporter:
        def metrics(self, batches):
            self.times = batches[0].times

    reporter = TimeReporter()
    feed(reporter, 20, 20)

    assert list(reporter.times) == sorted(reporter.times)


def test_reports_are_buffered_until_they_are_due(reporter):
    outbox = Outbox(reporter, seconds_between=3_600)
    curve = Curve("train", ("loss",), 10, outbox, None)
    for step in range(1, 4):
        curve.add(np.array([step]), np.array([[step]], np.float32))
        outbox.set_progress(Progress(Phase.TRAIN, 0, 1, step, 10))
        outbox.send_if_due()

    # The first is due at once; the next would be an hour later.
    assert reporter.curves == {"train/loss": {1: 1}}
    outbox.send()
    assert reporter.curves == {"train/loss": {1: 1, 2: 2, 3: 3}}
    assert [progress.step for progress in reporter.progresses] == [1, 3]
