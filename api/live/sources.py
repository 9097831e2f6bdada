"""Sources of events: one run, or all of them."""

from dataclasses import dataclass
from uuid import UUID

from api.live.documents import ChangeData, RunningData, SnapshotData, describe, describe_progress
from api.live.logs import LogReader
from api.live.wire import Sent, encode, encode_place
from core.run_positions import RunPosition
from db import run_changes, run_events, running_runs
from db.run_changes import MAX_CHANGES, ChangeMark
from db.running_runs import RunningRun
from db.session import ReadingSession

Position = RunPosition | ChangeMark


@dataclass(frozen=True, slots=True)
class Part:
    """Events that a source has after a position.

    Attributes:
        position: Position after them.
        has_more: True if there are more, which are read next.
    """

    sent: list[Sent]
    position: Position
    has_more: bool = False

    @property
    def is_over(self) -> bool:
        """Return True if nothing comes after them."""
        return bool(self.sent) and self.sent[-1].is_last


@dataclass(frozen=True, slots=True)
class OneRun:
    """Events of one run.

    Attributes:
        with_log: True if its log is followed too.
    """

    run_id: UUID
    with_log: bool = False

    def read_position(self, event_id: str) -> RunPosition:
        """Read the id of the last event that a listener has received.

        Raises:
            InvalidInput: If it is none of this run.
        """
        return RunPosition.read(event_id, self.run_id)

    def read(self, session: ReadingSession, position: RunPosition | None, logs: LogReader) -> Part:
        """Return the events after a position."""
        steps = run_events.read(session, self.run_id, position, logs.read if self.with_log else None)
        sent = [encode(*describe(self.run_id, event), after.write(self.run_id)) for event, after in steps]
        # A run without a position is told its state, so there is one then.
        after = steps[-1][1] if steps else position
        assert after is not None  # noqa: S101
        return Part(sent, after)


@dataclass(frozen=True, slots=True)
class AllRuns:
    """Changes of the states of all runs, or of those of an experiment or a model."""

    experiment: str | None = None
    model_name: str | None = None

    def read_position(self, event_id: str) -> ChangeMark:
        """Read the id of the last event that a listener has received.

        Raises:
            InvalidInput: If it is none of these events.
        """
        return ChangeMark.read(event_id)

    def read(self, session: ReadingSession, mark: ChangeMark | None) -> Part:
        """Return the changes after a place; the present state if there is none, or too much was missed."""
        changes = None if mark is None else run_changes.read_changes(session, mark)
        if mark is None or changes is None:
            now = run_changes.read_mark(session)
            return Part([encode("snapshot", self._describe(session, missed=mark is not None), now.write())], now)
        sent = [
            encode("run", ChangeData.of(change), after.write())
            for change, after in changes
            if self.experiment in {None, change.experiment} and self.model_name in {None, change.model_name}
        ]
        place = changes[-1][1] if changes else mark
        if changes and not sent:
            # The client continues from here, although none of the changes concerns it.
            sent.append(encode_place(place.write()))
        return Part(sent, place, has_more=len(changes) >= MAX_CHANGES)

    def list_running(self, session: ReadingSession) -> list[RunningRun]:
        """Return the running runs."""
        return running_runs.list_running(session, self.experiment, self.model_name)

    def _describe(self, session: ReadingSession, *, missed: bool) -> SnapshotData:
        return SnapshotData(
            counts=running_runs.count_by_state(session, self.experiment, self.model_name),
            running=[describe_running(run) for run in self.list_running(session)],
            missed=missed,
        )


Source = OneRun | AllRuns


def describe_running(run: RunningRun) -> RunningData:
    """Return the document of a running run."""
    return RunningData(
        run_id=run.run_id,
        experiment=run.experiment,
        model=run.model_name,
        attempt=run.attempt,
        cancel_requested=run.is_cancelling,
        progress=None if run.progress is None else describe_progress(run.run_id, run.progress),
        latest_metrics=run.latest_metrics,
    )
