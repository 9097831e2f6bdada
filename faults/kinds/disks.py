"""Disks that are full."""

import time
from typing import ClassVar

import psutil

from core.errors import ArtifactCorrupt
from core.run_state import TERMINAL_STATES, RunState
from db import checkpoints
from faults.disk import filled
from faults.fault import Fault, Trial, find_trainer
from faults.ledger import Accepted
from faults.service import Process
from storage.artifact_folder import ArtifactFolder

DISK_BYTES = 96 * 1024 * 1024
BRIEFLY_SECONDS = 2.0
LONGEST_SECONDS = 300.0
"""Most that is waited for the end: another attempt begins after a pause."""


class BrieflyFullDisk(Fault):
    """No byte is left in the data directory for a while: training goes on, and the old checkpoints stay."""

    name = "full-disk"
    title = "disk of the data directory full for 2 s mid-run, then `kill -9` of the trainer"
    recovery = "from the kill to the next attempt"
    num_workers = 1
    disk_bytes: ClassVar[int] = DISK_BYTES

    def disturb(self, trial: Trial) -> None:
        """Fill the disk, make room again, and let the run go on from a checkpoint."""
        run = trial.submit()
        trial.site.wait_until(lambda: list_files(trial, run), f"run {run.id} has a checkpoint")
        training = trial.find_training(run)
        with filled(trial.site.service.settings.data_dir):
            time.sleep(BRIEFLY_SECONDS)
            # The kernel may take the trainer at this moment, too.
            training.trainer.suspend()
            check_checkpoints(trial, run)
        killed = time.monotonic()
        training.trainer.kill()
        trial.recovery_seconds = trial.wait_for_next_attempt(training, killed)
        trial.note_resumption(run)


class FullDiskAtEnd(Fault):
    """The same while a run ends: it fails with the reason, or succeeds later; its checkpoints stay to go on from."""

    name = "full-disk-at-end"
    title = "disk of the data directory full while a run ends; then it is continued"
    recovery = "from the room made to the end of the run"
    num_workers = 1
    disk_bytes: ClassVar[int] = DISK_BYTES

    def disturb(self, trial: Trial) -> None:
        """Fill the disk until the run is trained; continue it if it has failed by that."""
        run = trial.submit(expected=None)
        trial.site.wait_until(lambda: list_files(trial, run), f"run {run.id} has a checkpoint")
        worker = trial.find_training(run).worker
        with filled(trial.site.service.settings.data_dir):
            # On SQLite its end can be stored only once there is room.
            trial.site.wait_until(lambda: not is_worked_on(worker, run), "the trainer is done")
        healed = time.monotonic()
        trial.site.wait_until(lambda: trial.stage(run).state in TERMINAL_STATES, "the run ends", LONGEST_SECONDS)
        trial.recovery_seconds = time.monotonic() - healed
        check_checkpoints(trial, run)
        if trial.stage(run).state is RunState.FAILED:
            error = trial.site.service.get({"id": str(run.id)})["error"]
            trial.complain_unless("No space left" in error["detail"], f"The error does not name the disk: {error}.")
            trial.ledger.continue_run(run)


def list_files(trial: Trial, run: Accepted) -> list[str]:
    """Return the sha256 of the checkpoints of a run, the newest first."""
    with trial.site.database.reading() as session:
        return [checkpoint.sha256 for checkpoint in checkpoints.list_of_run(session, run.id)]


def check_checkpoints(trial: Trial, run: Accepted) -> None:
    """Complain unless the newest checkpoint of a run is intact."""
    store = ArtifactFolder(trial.site.service.settings.artifacts_dir)
    files = list_files(trial, run)
    trial.complain_unless(files, "The run has no checkpoint any more.")
    for sha256 in files[:1]:
        try:
            store.verified_path(sha256)
        except ArtifactCorrupt as error:
            trial.complaints.append(f"The newest checkpoint is damaged: {error.detail}")


def is_worked_on(worker: Process, run: Accepted) -> bool:
    """Return True while a trainer of a worker writes the log of a run."""
    try:
        find_trainer(worker, run)
    except (LookupError, psutil.Error):
        return False
    return True
