"""Events of a run, read from its record.

No event is stored: what a listener is told follows from what it was told before (core/run_positions.py) and what the
record says now. All queries see one moment, and everything an attempt reports is committed together with the revision
of its run, so nothing is missed and nothing comes twice, in whichever process a listener continues.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID
from zlib import crc32

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from core.artifacts import TRAINER_LOG
from core.curves.excerpts import pick_extremes
from core.curves.points import Points
from core.progress import Progress, estimate_seconds_left, measure_first_fraction, measure_fraction
from core.run_events import (
    DeletedEvent,
    EndEvent,
    LogEvent,
    MetricsEvent,
    NewPoints,
    ProgressEvent,
    RestartEvent,
    RunEvent,
    StateEvent,
)
from core.run_positions import RunPosition, Stage
from core.run_state import RESTING_STATES, TERMINAL_STATES, RunState
from core.workers import WaitingFor
from db import points, runs, workers
from db.records.metrics import MetricSeriesRecord
from db.records.runs import ArtifactRecord, AttemptRecord, RunRecord

MAX_POINTS = 500
"""Most points of one curve in an event; of more, those that show the course are chosen."""

MAX_READ_POINTS = 20_000
"""Most points of a curve that are read whole for a listener who arrives; a longer one is read by its rollups."""

MAX_EVENT_POINTS = 5_000
"""Most points of all curves in an event; what is left comes in further ones."""

RESTING_STAGES = frozenset({Stage.QUEUED, Stage.PAUSED})
"""Stages of a run that no attempt works on."""

Step = tuple[RunEvent, RunPosition]
"""An event, and the position after it."""


@dataclass(frozen=True, slots=True)
class LogPlace:
    """Where the log of a run is.

    Attributes:
        attempt: Number of the latest attempt.
        is_running: True while it runs: the log may grow.
        stored: Attempt of the stored log and sha256 of its file; None if none is stored.
    """

    run_id: UUID
    attempt: int
    is_running: bool
    stored: tuple[int, str] | None


ReadLog = Callable[[LogPlace, RunPosition], Sequence[tuple[LogEvent, RunPosition]]]
"""Returns what was added to the log since a position."""


def read(session: Session, run_id: UUID, position: RunPosition | None, read_log: ReadLog | None = None) -> list[Step]:
    """Return the events of a run after a position, in order; without one, its present state and its curves.

    Args:
        session: On the database, reading one moment.
        run_id: The run. An unknown one was deleted.
        position: Position of the listener; None if it has been told nothing yet.
        read_log: Reads the log; None to leave it out.
    """
    query = select(RunRecord).where(RunRecord.id == run_id)
    record = session.scalars(query.options(defer(RunRecord.spec), defer(RunRecord.environment))).one_or_none()
    if record is None:
        return [] if position is not None and position.stage == Stage.ENDED else [_end_of_deleted(position)]
    if position is not None and position.stage == Stage.ENDED:
        return []
    steps = list(_follow_states(session, record, position))
    # A listener without a position has been told the state by now.
    position = steps[-1][1] if steps else position or RunPosition(record.attempt, _stage(record))
    # Progress last: whoever shows it with the latest values has those of its step.
    steps += _follow_metrics(session, record, position)
    steps += _follow_progress(record, _last(steps, position))
    if read_log is not None:
        steps += read_log(_find_log(session, record), _last(steps, position))
    if record.state in TERMINAL_STATES:
        steps.append((_end(record), replace(_last(steps, position), stage=Stage.ENDED)))
    return steps


def read_revisions(session: Session, run_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return the revision of each of these runs that exists; it rises with everything that events tell."""
    query = select(RunRecord.id, RunRecord.revision).where(RunRecord.id.in_(run_ids))
    return {row[0]: row[1] for row in session.execute(query)}


def _find_log(session: Session, record: RunRecord) -> LogPlace:
    log = session.get(ArtifactRecord, (record.id, TRAINER_LOG))
    stored = None if log is None else (log.attempt, log.sha256)
    return LogPlace(record.id, record.attempt, record.state == RunState.RUNNING, stored)


def _last(steps: Sequence[Step], position: RunPosition) -> RunPosition:
    return steps[-1][1] if steps else position


def _end_of_deleted(position: RunPosition | None) -> Step:
    return DeletedEvent(), replace(position or RunPosition(0, Stage.QUEUED), stage=Stage.ENDED)


def _follow_states(session: Session, record: RunRecord, position: RunPosition | None) -> Iterator[Step]:
    """Yield what has become of the run since the position, attempt by attempt."""
    if position is None or _is_ahead(record, position):
        now = RunPosition(record.attempt, _stage(record))
        if position is not None:
            # The record is of an earlier time than the position, as after a backup was restored.
            yield RestartEvent(record.attempt, record.updated_at), now
        yield _present_state(session, record), now
        return
    attempts: dict[int, AttemptRecord] = {}
    is_told = position.stage in {Stage.RUNNING, Stage.CANCELLING} and record.state not in RESTING_STATES
    if position.attempt < record.attempt or not (is_told or position.stage == _stage(record)):
        attempts = {attempt.number: attempt for attempt in runs.list_attempts(session, record.id)}
    while (step := _next_state(record, attempts, position)) is not None:
        event, position = step
        if isinstance(event, StateEvent) and event.state == RunState.QUEUED and position.attempt == record.attempt:
            event = replace(event, waiting_for=_find_wait(session, record))
        if event is not None:
            yield event, position


def _next_state(
    record: RunRecord, attempts: Mapping[int, AttemptRecord], position: RunPosition
) -> tuple[StateEvent | RestartEvent | None, RunPosition] | None:
    """Return the next that has become of a run, and the position after it; None if that is all so far."""
    is_latest = position.attempt == record.attempt
    if position.stage == Stage.BEGUN:
        stage = _stage(record) if is_latest and record.state not in RESTING_STATES else Stage.RUNNING
        moment = attempts[position.attempt].started_at
        return _state(record, RunState.RUNNING, position.attempt, moment, stage), replace(position, stage=stage)
    if position.stage in RESTING_STAGES:
        if not is_latest:
            return _begin(attempts[position.attempt + 1], position)
        if record.state not in RESTING_STATES or position.stage == _stage(record):
            return None
        moment = record.queued_at if record.state == RunState.QUEUED else record.updated_at
        event = _state(record, record.state, position.attempt, moment, _stage(record))
        return event, replace(position, stage=_stage(record))
    if is_latest and record.state not in RESTING_STATES:
        if position.stage == Stage.CANCELLING or _stage(record) == position.stage:
            return None
        moment = record.cancel_requested_at or record.updated_at
        event = _state(record, RunState.RUNNING, record.attempt, moment, Stage.CANCELLING)
        return event, replace(position, stage=Stage.CANCELLING)
    ended = attempts[position.attempt]
    state = record.state if is_latest else RunState.QUEUED
    stage = Stage.of(state, is_cancelling=False)
    event = _state(record, state, ended.number, ended.ended_at or record.queued_at, stage)
    return replace(event, outcome=ended.outcome, detail=ended.detail), replace(position, stage=stage)


def _begin(begun: AttemptRecord, position: RunPosition) -> tuple[RestartEvent | None, RunPosition]:
    """Return the event that an attempt begins, and the position after it."""
    resumed_at = begun.resumed_at_step
    # Of the attempts before, the place in their log is left, and the points up to the checkpoint.
    steps = {} if resumed_at is None else {series: min(step, resumed_at) for series, step in position.steps.items()}
    position = RunPosition(begun.number, Stage.BEGUN, 0, position.log_attempt, position.log_bytes, steps)
    return RestartEvent(begun.number, begun.started_at, resumed_at) if begun.number > 1 else None, position


def _is_ahead(record: RunRecord, position: RunPosition) -> bool:
    if position.attempt == record.attempt:
        return position.stage in RESTING_STAGES and record.state == RunState.RUNNING
    return position.attempt > record.attempt


def _stage(record: RunRecord) -> Stage:
    """Return the stage of a run; of one that has ended, that before the end."""
    if record.state in TERMINAL_STATES:
        return Stage.RUNNING if record.attempt else Stage.QUEUED
    return Stage.of(record.state, is_cancelling=record.cancel_requested_at is not None)


def _present_state(session: Session, record: RunRecord) -> StateEvent:
    moments = {RunState.QUEUED: record.queued_at, RunState.RUNNING: record.started_at}
    moment = moments.get(record.state, record.ended_at) or record.updated_at
    event = _state(record, record.state, record.attempt, moment, _stage(record))
    return replace(event, waiting_for=_find_wait(session, record))


def _find_wait(session: Session, record: RunRecord) -> WaitingFor | None:
    waits = workers.find_wait(session, [record])
    return None if waits is None else waits.of(record.submitted_by, record.retry_at)


def _state(record: RunRecord, state: RunState, attempt: int, moment: datetime, stage: Stage) -> StateEvent:
    return StateEvent(
        state=state,
        attempt=attempt,
        max_attempts=record.max_attempts,
        is_cancelling=stage == Stage.CANCELLING,
        at=moment,
    )


def describe_progress(record: RunRecord) -> ProgressEvent | None:
    """Return the latest progress of a run, if there is any."""
    if record.progress is None or not record.attempt:
        return None
    progress = Progress(**record.progress)
    fraction = measure_fraction(progress, has_succeeded=record.state == RunState.SUCCEEDED)
    eta_seconds = None
    if record.state == RunState.RUNNING and record.started_at and record.progress_at:
        elapsed = (record.progress_at - record.started_at) / timedelta(seconds=1)
        eta_seconds = estimate_seconds_left(elapsed, fraction, measure_first_fraction(progress))
    moment = record.progress_at or record.updated_at
    return ProgressEvent(record.attempt, progress, fraction, eta_seconds, moment)


def _follow_progress(record: RunRecord, position: RunPosition) -> Iterator[Step]:
    event = describe_progress(record)
    if event is None:
        return
    checksum = crc32(repr(tuple(asdict(event.progress).values())).encode())
    if checksum != position.progress:
        yield event, replace(position, progress=checksum)


def _follow_metrics(session: Session, record: RunRecord, position: RunPosition) -> Iterator[Step]:
    told = position.steps
    changed = [
        series for series in points.list_series(session, [record.id]) if series.last_step > told.get(series.id, -1)
    ]
    event: list[NewPoints] = []
    num_points = 0
    steps = dict(told)
    for series in changed:
        excerpt, num_new = _read_new(session, series, told.get(series.id))
        if not num_new:
            continue
        if event and num_points + len(excerpt) > MAX_EVENT_POINTS:
            position = replace(position, steps=dict(steps))
            yield MetricsEvent(record.attempt, event), position
            event, num_points = [], 0
        event.append(NewPoints(series.key, excerpt, num_new))
        num_points += len(excerpt)
        steps[series.id] = int(excerpt.steps[-1])
    if event:
        yield MetricsEvent(record.attempt, event), replace(position, steps=steps)


def _read_new(session: Session, series: MetricSeriesRecord, told: int | None) -> tuple[Points, int]:
    """Return points of a curve after the last that was told, and how many there are; of many some."""
    if told is None and series.count > MAX_READ_POINTS:
        return points.read_rollup(session, series, MAX_POINTS).last, series.count
    first_step = None if told is None else told + 1
    (new,) = points.read_points(session, [series], first_step=first_step)
    return pick_extremes(new, MAX_POINTS), len(new)


def _end(record: RunRecord) -> EndEvent:
    return EndEvent(
        state=record.state,
        attempt=record.attempt,
        at=record.ended_at or record.updated_at,
        error=record.error,
        model_name=record.model_name,
        model_version=record.model_version,
    )
