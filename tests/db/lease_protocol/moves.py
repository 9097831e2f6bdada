"""What holds between two moments with one action, or none, in between."""

from collections import defaultdict

from core.run_state import TERMINAL_STATES, RunState
from db.records.jobs import AttemptOutcome, Interruption
from tests.db.lease_protocol.oracle import CRASHES
from tests.db.lease_protocol.snapshot import Run, Snapshot
from tests.db.lease_protocol.world import World

ERRORS = {AttemptOutcome.FAILED, *CRASHES}
RELEASES = {AttemptOutcome.RELEASED, AttemptOutcome.PAUSED, AttemptOutcome.PREEMPTED}


class Moves:
    """Compares each moment with the one before.

    Attributes:
        now: The last moment seen.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._reached: dict[int, dict[int, int]] = defaultdict(dict)
        self._writers: dict[int, int] = defaultdict(int)
        self.now = Snapshot()

    def check(self, now: Snapshot) -> None:
        before, self.now = self.now, now
        for number, old in before.runs.items():
            if number in now.runs:
                self._check_run(before, old, now.runs[number])
            else:
                assert number in self._world.client.deleted, "A run is gone that nobody deleted."
                assert old.state in TERMINAL_STATES
        for number, run in now.runs.items():
            if run.state == RunState.RUNNING:
                self._reached[number][run.attempt] = run.step
            # An attempt that goes back behind a damaged checkpoint has to pass it again first.
            passed = max((row["resumed_at_step"] or 0 for row in run.attempts), default=0)
            writers = [row["attempt"] for row in run.checkpoints if row["step"] > passed]
            self._writers[number] = max([self._writers[number], *writers])

    def _check_run(self, before: Snapshot, old: Run, new: Run) -> None:
        if old.state in TERMINAL_STATES:
            assert new == old, "A run that has ended has changed."
            return
        assert new.revision >= old.revision
        ended = [row for row in old.attempts if row["ended_at"] is not None]
        assert new.attempts[: len(ended)] == ended, "An attempt that has ended has changed."
        self._check_kept(old, new)
        if new.attempt > old.attempt:
            _check_claim(before, old, new)
        elif (old.state, new.state) != (RunState.RUNNING, RunState.RUNNING) and old.state == RunState.RUNNING:
            self._check_end(old, new)
        else:
            assert new.num_crashes == old.num_crashes

    def _check_kept(self, old: Run, new: Run) -> None:
        """The newest checkpoint and the best stay, until there is a newer or a better one."""
        kept = {row["sha256"] for row in new.checkpoints} | self._world.damaged
        for row in old.checkpoints:
            if row["step"] == old.newest:
                assert new.newest > old.newest or row["sha256"] in kept
            if row["is_best"]:
                better = [one for one in new.checkpoints if one["is_best"] and one["value"] <= row["value"]]
                assert better or row["sha256"] in self._world.damaged

    def _check_end(self, old: Run, new: Run) -> None:
        outcome = new.attempts[-1]["outcome"]
        num_crashes = old.num_crashes
        if outcome in ERRORS:
            num_crashes = min(num_crashes, 1) if self._has_come_further(old) else num_crashes + 1
        assert new.num_crashes == num_crashes, (outcome, old.step)
        if outcome in RELEASES | CRASHES:
            assert new.state == _find_state(old, has_failed=outcome in CRASHES and num_crashes >= old.max_attempts)

    def _has_come_further(self, run: Run) -> bool:
        """Whether an attempt came further than all before it, since the one that wrote the furthest checkpoint."""
        reached, writer = self._reached[run.number], self._writers[run.number]
        if run.attempt == 1:
            return False
        before = [step for attempt, step in reached.items() if writer <= attempt < run.attempt]
        return writer == run.attempt or run.step > max(before, default=0)


def _find_state(old: Run, *, has_failed: bool) -> RunState:
    if old.cancel_requested_at is not None:
        return RunState.CANCELLED
    if has_failed:
        return RunState.FAILED
    return RunState.PAUSED if old.interruption == Interruption.PAUSE else RunState.QUEUED


def _check_claim(before: Snapshot, old: Run, new: Run) -> None:
    assert (old.state, new.state, new.attempt) == (RunState.QUEUED, RunState.RUNNING, old.attempt + 1)
    assert new.num_crashes == old.num_crashes
    assert (new.attempts[-1]["resumed_at_step"] or 0) == new.num_steps == old.newest
    assert old.may_start
    queued = [run for run in before.runs.values() if run.may_start]
    assert old.priority == max(run.priority for run in queued)
    own = [run for run in queued if (run.submitted_by, run.priority) == (old.submitted_by, old.priority)]
    assert old.id == min((run.created_at, run.id) for run in own)[1]
