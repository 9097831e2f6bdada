"""Events of a run follow from its record: in order, each once, wherever a listener continues."""

import math
import random
from dataclasses import dataclass, field
from uuid import uuid4

import pytest

from core.checkpoints import Checkpoint
from core.progress import MetricBatch, Phase, Progress
from core.run_events import (
    DeletedEvent,
    EndEvent,
    LogEvent,
    MetricsEvent,
    ProgressEvent,
    RestartEvent,
    StateEvent,
)
from core.run_positions import RunPosition, Stage
from core.run_report import RunError
from db import claims, resuming, run_events, runs
from db.records.jobs import AttemptOutcome

LEASE_SECONDS = 60.0


@pytest.fixture
def read(database):
    """Events after a position and the position after them, which has been written and read as clients do."""

    def read_on(run_id, position=None, **options):
        with database.reading() as session:
            steps = run_events.read(session, run_id, position, **options)
        if steps:
            position = RunPosition.read(steps[-1][1].write(run_id), run_id)
            assert position == steps[-1][1]
        return [event for event, _ in steps], position

    return read_on


@pytest.fixture
def report(database):
    def record(claimed, *batches, progress=None):
        with database.transaction() as session:
            claims.record_progress(
                session, claimed.run_id, claimed.attempt, LEASE_SECONDS, progress=progress, batches=batches
            )

    return record


@pytest.fixture
def lose(database):
    def release(claimed):
        with database.transaction() as session:
            claims.release_run(session, claimed.run_id, claimed.attempt, reason="it was lost.", count_as_crash=True)

    return release


def batch(key, *points):
    steps, values = zip(*points, strict=True)
    return MetricBatch(key, steps, values, tuple(float(step) for step in steps))


def at_step(step):
    return Progress(Phase.TRAIN, epoch=0, num_epochs=1, step=step, num_steps=10)


def curves_of(event):
    return {
        new.key: list(zip(new.points.steps.tolist(), new.points.values.tolist(), strict=True)) for new in event.series
    }


def kinds(events):
    return [type(event) for event in events]


def test_a_run_is_told_from_the_queue_to_its_end(read, queue_run, claim, report, finish):
    run_id = queue_run()
    (queued,), position = read(run_id)
    assert (queued.state, queued.attempt, queued.max_attempts) == ("queued", 0, 3)
    assert read(run_id, position)[0] == []

    claimed = claim()
    (running,), position = read(run_id, position)
    assert (running.state, running.attempt, running.is_cancelling) == ("running", 1, False)

    report(claimed, batch("train/loss", (1, 0.5), (2, math.nan)), progress=at_step(2))
    (measured, progressed), position = read(run_id, position)
    assert (progressed.progress, progressed.fraction) == (at_step(2), 0.2)
    assert curves_of(measured)["train/loss"][0] == (1, 0.5)
    assert math.isnan(curves_of(measured)["train/loss"][1][1])

    report(claimed, batch("train/loss", (3, 0.25)), batch("epoch/validation/loss", (3, 1.0)))
    (measured,), position = read(run_id, position)
    assert curves_of(measured) == {"train/loss": [(3, 0.25)], "epoch/validation/loss": [(3, 1.0)]}

    version = finish(claimed)
    (ended,), position = read(run_id, position)
    assert (ended.state, ended.model_version, ended.error) == ("succeeded", version, None)
    assert read(run_id, position)[0] == []


def test_a_late_listener_gets_the_present_state_first(read, queue_run, claim, report, lose):
    run_id = queue_run()
    lose(claim())
    claimed = claim()
    report(claimed, batch("train/loss", (1, 0.5)), progress=at_step(1))
    events, position = read(run_id)
    assert kinds(events) == [StateEvent, MetricsEvent, ProgressEvent]
    assert (events[0].state, events[0].attempt) == ("running", 2)
    assert read(run_id, position)[0] == []


def test_a_listener_of_an_ended_run_gets_everything_and_the_end(read, finished_run):
    events, _ = read(finished_run())
    assert kinds(events) == [StateEvent, EndEvent]
    assert events[0].state == events[1].state == "succeeded"


def test_an_attempt_that_begins_again_withdraws_all_points(read, queue_run, claim, report, lose):
    run_id = queue_run()
    first = claim()
    report(first, batch("train/loss", (1, 0.5), (2, 0.4)), progress=at_step(2))
    _, position = read(run_id)
    lose(first)
    (queued,), position = read(run_id, position)
    assert (queued.state, queued.attempt, queued.outcome) == ("queued", 1, "crashed")
    second = claim()
    report(second, batch("train/loss", (1, 0.5)), progress=at_step(2))
    events, _ = read(run_id, position)
    assert kinds(events) == [RestartEvent, StateEvent, MetricsEvent, ProgressEvent]
    assert events[0].attempt == events[1].attempt == 2
    assert curves_of(events[2]) == {"train/loss": [(1, 0.5)]}


def test_attempts_that_were_missed_are_told_one_after_the_other(read, queue_run, claim, lose):
    run_id = queue_run()
    _, position = read(run_id)
    lose(claim())
    lose(claim())
    claim()
    events, _ = read(run_id, position)
    told = [(type(event).__name__, getattr(event, "state", None), event.attempt) for event in events]
    assert told == [
        ("StateEvent", "running", 1),
        ("StateEvent", "queued", 1),
        ("RestartEvent", None, 2),
        ("StateEvent", "running", 2),
        ("StateEvent", "queued", 2),
        ("RestartEvent", None, 3),
        ("StateEvent", "running", 3),
    ]


def test_a_request_to_stop_is_told_once(read, database, queue_run, claim):
    run_id = queue_run()
    claimed = claim()
    _, position = read(run_id)
    with database.transaction() as session:
        runs.cancel(session, run_id)
    (stopping,), position = read(run_id, position)
    assert (stopping.state, stopping.is_cancelling) == ("running", True)
    assert read(run_id, position)[0] == []
    with database.transaction() as session:
        claims.cancel_running(session, run_id, claimed.attempt)
    (ended,), _ = read(run_id, position)
    assert ended.state == "cancelled"


@pytest.fixture
def pause(database):
    """Pause a run, and end its attempt if one is given."""

    def rest(run_id, claimed=None):
        with database.transaction() as session:
            runs.pause(session, run_id)
            if claimed is not None:
                outcome = AttemptOutcome.PAUSED
                claims.release_run(session, run_id, claimed.attempt, reason="it was paused", outcome=outcome)

    return rest


def test_a_pause_is_told_with_the_outcome_of_the_attempt(read, database, queue_run, claim, pause):
    run_id = queue_run()
    claimed = claim()
    _, position = read(run_id)
    pause(run_id, claimed)
    (paused,), position = read(run_id, position)
    assert (paused.state, paused.attempt, paused.outcome) == ("paused", 1, "paused")
    assert read(run_id, position)[0] == []
    with database.transaction() as session:
        runs.resume(session, run_id)
    (queued,), position = read(run_id, position)
    assert (queued.state, queued.outcome) == ("queued", None)
    pause(run_id)
    (paused,), position = read(run_id, position)
    assert paused.state == "paused"
    with database.transaction() as session:
        runs.cancel(session, run_id)
    (ended,), _ = read(run_id, position)
    assert ended.state == "cancelled"


def test_a_pause_of_an_attempt_that_was_missed_is_told(read, database, queue_run, claim, pause):
    run_id = queue_run()
    _, position = read(run_id)
    pause(run_id, claim())
    events, position = read(run_id, position)
    assert [(event.state, event.attempt) for event in events] == [("running", 1), ("paused", 1)]
    with database.transaction() as session:
        runs.resume(session, run_id)
    claim()
    events, _ = read(run_id, position)
    assert [getattr(event, "state", "restart") for event in events] == ["restart", "running"]


def test_an_attempt_that_goes_on_from_a_checkpoint_withdraws_only_later_points(
    read, database, queue_run, claim, report, lose
):
    run_id = queue_run()
    first = claim()
    report(first, batch("train/loss", (1, 0.5), (2, 0.4), (3, 0.3)), progress=at_step(3))
    with database.transaction() as session:
        saved = Checkpoint(step=2, epoch=0, sha256="a" * 64, num_bytes=1)
        resuming.record_checkpoint(session, run_id, first.attempt, LEASE_SECONDS, saved)
    _, position = read(run_id)
    lose(first)
    report(claim(), batch("train/loss", (3, 0.3), (4, 0.2)), progress=at_step(4))
    events, _ = read(run_id, position)
    assert kinds(events) == [StateEvent, RestartEvent, StateEvent, MetricsEvent, ProgressEvent]
    assert events[1].withdrawn_after_step == 2
    assert curves_of(events[3]) == {"train/loss": [(3, 0.3), (4, 0.2)]}


def test_a_queued_run_that_is_cancelled_ends(read, database, queue_run):
    run_id = queue_run()
    _, position = read(run_id)
    with database.transaction() as session:
        runs.cancel(session, run_id)
    (ended,), _ = read(run_id, position)
    assert (ended.state, ended.attempt) == ("cancelled", 0)


def test_the_last_attempt_that_is_lost_ends_the_run_with_its_error(read, queue_run, claim, lose):
    run_id = queue_run(max_attempts=1)
    _, position = read(run_id)
    lose(claim())
    events, _ = read(run_id, position)
    assert kinds(events) == [StateEvent, EndEvent]
    assert events[1].error.code == "trainer_lost"


def test_a_failure_is_told_with_its_error(read, database, queue_run, claim):
    run_id = queue_run()
    claimed = claim()
    with database.transaction() as session:
        claims.fail_run(session, run_id, claimed.attempt, error=RunError("loss_not_finite", "It diverged."))
    events, _ = read(run_id)
    assert (events[-1].state, events[-1].error.detail) == ("failed", "It diverged.")


def test_a_deleted_run_ends_its_events(read, database, finished_run):
    run_id = finished_run()
    with database.transaction() as session:
        runs.delete(session, run_id, force=True)
    assert kinds(read(run_id, RunPosition(1, Stage.RUNNING))[0]) == [DeletedEvent]
    assert read(run_id, RunPosition(1, Stage.ENDED))[0] == []
    assert kinds(read(uuid4())[0]) == [DeletedEvent]


def test_a_record_of_before_the_position_begins_anew(read, queue_run, claim, report):
    """As after a backup was restored."""
    run_id = queue_run()
    claimed = claim()
    report(claimed, batch("train/loss", (1, 0.5)))
    events, position = read(run_id, RunPosition(3, Stage.RUNNING, steps={1: 900}))
    assert kinds(events) == [RestartEvent, StateEvent, MetricsEvent]
    assert position.attempt == 1


def test_a_long_curve_is_told_by_points_that_show_its_course(read, queue_run, claim, report):
    run_id = queue_run()
    values = [math.sin(step / 50) for step in range(2000)]
    values[777] = 9.0
    report(claim(), MetricBatch("train/loss", tuple(range(1, 2001)), tuple(values), tuple(map(float, range(2000)))))
    events, position = read(run_id)
    (curve,) = events[-1].series
    assert curve.num_new == 2000
    assert 250 <= len(curve.points) <= run_events.MAX_POINTS
    assert curve.points.steps[[0, -1]].tolist() == [1, 2000]
    assert curve.points.values.max() == 9.0
    assert read(run_id, position)[0] == []


def test_many_curves_come_in_several_events_each_with_a_position(database, read, queue_run, claim, report, monkeypatch):
    monkeypatch.setattr(run_events, "MAX_EVENT_POINTS", 5)
    run_id = queue_run()
    report(claim(), *(batch(f"train/metric-{key}", (1, 0.1), (2, 0.2)) for key in range(5)))
    with database.reading() as session:
        steps = run_events.read(session, run_id, None)
    measured = [(event, position) for event, position in steps if isinstance(event, MetricsEvent)]
    assert [len(event.series) for event, _ in measured] == [2, 2, 1]
    # A listener that was cut off after the first gets the other two.
    events, _ = read(run_id, measured[0][1])
    assert [sorted(curves_of(event)) for event in events] == [
        ["train/metric-2", "train/metric-3"],
        ["train/metric-4"],
    ]


def test_the_log_is_read_before_the_end(read, finished_run, make_artifact):
    def read_log(place, position):
        assert not place.is_running
        return [(LogEvent(*place.stored[:1], 0, place.stored[1]), position)]

    events, _ = read(finished_run(make_artifact("trainer.log", "c")), read_log=read_log)
    assert kinds(events) == [StateEvent, LogEvent, EndEvent]
    assert (events[1].attempt, events[1].text) == (1, "c" * 64)


@dataclass
class Listener:
    """Keeps what it was told, as a client does."""

    position: RunPosition | None = None
    states: list = field(default_factory=list)
    curve: list = field(default_factory=list)

    def take(self, steps, run_id, num_taken):
        for event, position in steps[:num_taken]:
            if isinstance(event, StateEvent):
                self.states.append((event.state, event.attempt))
            elif isinstance(event, RestartEvent):
                self.curve.clear()
            elif isinstance(event, MetricsEvent):
                self.curve += curves_of(event)["train/loss"]
            self.position = RunPosition.read(position.write(run_id), run_id)


@pytest.mark.parametrize("seed", range(4))
def test_listeners_that_are_cut_off_anywhere_are_told_the_same(database, seed, queue_run, claim, report, lose, finish):
    """Three listeners, one of which gets everything at once; the others lose what was on the way at any moment."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    run_id = queue_run()
    listeners = [Listener() for _ in range(3)]

    def listen(*, to_the_end):
        for listener in listeners:
            if to_the_end or chance.random() < 0.6:
                with database.reading() as session:
                    steps = run_events.read(session, run_id, listener.position)
                listener.take(steps, run_id, len(steps) if to_the_end else chance.randint(0, len(steps)))

    listen(to_the_end=True)
    for attempt in (1, 2, 3):
        claimed = claim()
        step = 0
        for _ in range(chance.randint(2, 6)):
            points = [(step + number, chance.random()) for number in range(1, chance.randint(2, 5))]
            step = points[-1][0]
            report(claimed, batch("train/loss", *points), progress=at_step(step))
            listen(to_the_end=False)
        if attempt < 3:
            lose(claimed)
            listen(to_the_end=False)
    finish(claimed)
    listen(to_the_end=True)
    told = [("queued", 0), ("running", 1), ("queued", 1), ("running", 2), ("queued", 2), ("running", 3)]
    for listener in listeners:
        assert listener.states == told
        steps = [step for step, _ in listener.curve]
        assert steps == list(range(1, step + 1))
        assert listener.curve == listeners[0].curve
