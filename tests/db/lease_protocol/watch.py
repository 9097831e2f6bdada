"""Looks at the database after each action, and at last lets every run end."""

from core.retry_policy import LONGEST_PAUSE_SECONDS
from core.run_state import TERMINAL_STATES, RunState
from tests.db.lease_protocol import snapshot
from tests.db.lease_protocol.moves import Moves
from tests.db.lease_protocol.oracle import check_doctor, check_state
from tests.db.lease_protocol.snapshot import Run, Snapshot
from tests.db.lease_protocol.world import LEASE_SECONDS, World


class Watch:
    """Checks what holds, as often as it looks; one action may lie between two looks."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._moves = Moves(world)

    @property
    def now(self) -> Snapshot:
        """Return what was last seen."""
        return self._moves.now

    @property
    def runs(self) -> list[Run]:
        return list(self.now.runs.values())

    def look(self) -> None:
        now = snapshot.take(self._world.database)
        check_state(self._world, now)
        self._moves.check(now)

    def settle(self) -> None:
        """Let one worker without faults, after all others have died, end every run, and look for damage."""
        for worker in self._world.workers:
            worker.forget()
        for run in self.runs:
            if run.state == RunState.PAUSED or run.interruption is not None:
                self._world.ask("resume", run)
                self.look()
        self._world.clock.advance(LEASE_SECONDS + 1)
        self._world.reconcile()
        self.look()
        self._world.clock.advance(LONGEST_PAUSE_SECONDS)
        self._world.reconcile()
        self.look()
        worker = self._world.workers[0]
        for _ in [run for run in self.runs if run.state not in TERMINAL_STATES]:
            self._world.claim(worker)
            self.look()
            self._world.report(worker, 2)
            self._world.finish(worker)
        self.look()
        assert all(run.state in TERMINAL_STATES for run in self.runs)
        check_doctor(self._world.database)
