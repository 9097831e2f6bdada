"""Workers whose clocks are wrong."""

import subprocess
import time
from collections.abc import Collection
from pathlib import Path
from typing import ClassVar

from core.run_state import RunState
from faults.backends import POSTGRES_RABBITMQ, POSTGRES_REDIS
from faults.fault import Fault, Trial
from faults.kinds.workers import GRACE_SECONDS, LEASE_SECONDS
from faults.servers import find_program
from faults.service import stop_all

SOURCE = Path(__file__).parents[1] / "shifted_clock.c"
SHIFTS_SECONDS = (-3600, 3600)


class WrongClocks(Fault):
    """Two workers, one an hour ahead and one an hour behind: leases follow the database's clock.

    SQLite has no clock but that of the process that asks, which is the machine's.
    """

    name = "clock-skew"
    title = "workers' clocks an hour ahead and an hour behind; then `kill -9` of one"
    recovery = "from the kill to the next attempt"
    limit_seconds = LEASE_SECONDS + GRACE_SECONDS
    backends: ClassVar[Collection[str]] = (POSTGRES_REDIS, POSTGRES_RABBITMQ)

    def disturb(self, trial: Trial) -> None:
        """Let both train beyond a lease, then kill one in the middle of a run."""
        library = build_clock(trial.site.service.log.parent)
        right = trial.site.service.workers
        for shift in SHIFTS_SECONDS:
            trial.site.service.start_worker({"LD_PRELOAD": str(library), "FAULTS_CLOCK_SECONDS": str(shift)})
        stop_all(right)
        wrong = trial.site.keep_workers(self.num_workers)
        try:
            # Longer than a lease: neither takes the other's run for lost.
            longer = trial.submit()
            training = trial.start_training()
            trial.site.wait_until(lambda: trial.stage(longer).attempt, "the other run is claimed")
            time.sleep(LEASE_SECONDS / 3)
            number = trial.stage(longer).attempt
            trial.complain_unless(number == 1, "A run of a worker with a wrong clock was taken back.")
            if trial.stage(training.run).owner != training.stage.owner:
                training = trial.start_training()
            killed = time.monotonic()
            training.worker.kill()
            training.worker.wait()
            trial.recovery_seconds = trial.wait_for_next_attempt(training, killed)
            for run in trial.ledger.accepted.values():
                trial.wait_for(run, RunState.SUCCEEDED)
        finally:
            stop_all(worker for worker in wrong if worker.poll() is None)


def build_clock(folder: Path) -> Path:
    """Compile the library that shifts clocks, and return its path.

    Raises:
        ServiceFailed: If there is no C compiler.
    """
    library = folder / "shifted_clock.so"
    if not library.exists():
        subprocess.run([find_program("cc"), "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"], check=True)
    return library
