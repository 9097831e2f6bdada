"""Checkpoints that are damaged on disk."""

import time
from pathlib import Path

from db import checkpoints
from db.records.runs import CheckpointRecord
from faults.fault import Fault, Trial
from faults.ledger import NUM_EPOCHS, Accepted, make_spec
from storage.artifact_folder import ArtifactFolder

FIRST_SEED = 1_000
LAST_SEED = 1_000_000
SETTLING_SECONDS = 0.5
"""Time in which what a trainer has written before it was frozen is stored."""


class DamagedCheckpoint(Fault):
    """The newest checkpoint is truncated, or a byte of it flipped: the run goes on from the one before."""

    name = "damage-checkpoint"
    title = "newest checkpoint truncated or a byte of it flipped, then `kill -9` of the trainer"
    recovery = "from the kill to the attempt that goes on from the checkpoint before"
    num_workers = 1

    def disturb(self, trial: Trial) -> None:
        """Damage the newest of two checkpoints of a frozen trainer, and kill it."""
        # Equal files are stored once: those of no other run are to be damaged.
        spec = make_spec(trial.chance.randint(FIRST_SEED, LAST_SEED), NUM_EPOCHS)
        run = trial.ledger.submit(spec)
        trial.site.wait_until(lambda: len(list_checkpoints(trial, run)) > 1, f"run {run.id} has two checkpoints")
        training = trial.find_training(run)
        training.trainer.suspend()
        time.sleep(SETTLING_SECONDS)
        newest, before, *_ = list_checkpoints(trial, run)
        damage(ArtifactFolder(trial.site.service.settings.artifacts_dir).path(newest.sha256), trial)
        training.trainer.kill()
        killed = time.monotonic()
        trial.site.wait_until(lambda: trial.stage(run).attempt > training.stage.attempt + 1, "it falls back one")
        trial.recovery_seconds = time.monotonic() - killed
        step = trial.note_resumption(run)
        trial.complain_unless(step == before.step, f"It went on from step {step}, expected {before.step}.")


def list_checkpoints(trial: Trial, run: Accepted) -> list[CheckpointRecord]:
    """Return the checkpoints of a run, the newest first."""
    with trial.site.database.reading() as session:
        return checkpoints.list_of_run(session, run.id)


def damage(path: Path, trial: Trial) -> None:
    """Cut a file anywhere, or flip any bit of it."""
    content = bytearray(path.read_bytes())
    place = trial.chance.randrange(len(content))
    if trial.chance.random() < 1 / 2:
        path.write_bytes(content[:place])
    else:
        content[place] ^= 1 << trial.chance.randrange(8)
        path.write_bytes(content)
