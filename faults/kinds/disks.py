"""Disks that are full."""

import time
from typing import ClassVar

from core.run_state import RunState
from faults.disk import filled
from faults.fault import Fault, Trial

LONGEST_SECONDS = 15.0
"""Longest time that the disk is full: where the database is on it, the run can end only afterwards."""


class FullDisk(Fault):
    """No byte is left for anything in the data directory while a run ends."""

    name = "full-disk"
    title = "disk of the data directory full while a run ends"
    recovery = "from the room made to the end of the next run"
    num_workers = 1
    disk_bytes: ClassVar[int] = 96 * 1024 * 1024

    def disturb(self, trial: Trial) -> None:
        """Fill the disk in the middle of a run, and make room after its end."""
        training = trial.start_training(trial.submit(expected=RunState.FAILED))
        with filled(trial.site.service.settings.data_dir):
            filled_at = time.monotonic()
            while (
                trial.stage(training.run).state is RunState.RUNNING and time.monotonic() - filled_at < LONGEST_SECONDS
            ):
                time.sleep(0.1)
        healed = time.monotonic()
        trial.wait_for(training.run, RunState.FAILED)
        error = trial.site.service.get({"id": str(training.run.id)})["error"]
        trial.complain_unless("No space left" in error["detail"], f"The error does not name the full disk: {error}.")
        after = trial.submit()
        trial.wait_for(after, RunState.SUCCEEDED)
        trial.recovery_seconds = time.monotonic() - healed
