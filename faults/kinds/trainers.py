"""Trainers that die."""

import time

from core.run_state import RunState
from faults.fault import Fault, Trial

MAX_ATTEMPTS = 3


class KilledTrainer(Fault):
    """SIGKILL, as of the kernel when memory runs out, in the middle of an epoch."""

    name = "kill-trainer"
    title = "`kill -9` of a trainer mid-epoch"
    recovery = "from the kill to the next attempt"
    limit_seconds = 3.0
    num_workers = 1

    def disturb(self, trial: Trial) -> None:
        """Kill the trainer of a run."""
        training = trial.start_training()
        killed = time.monotonic()
        training.trainer.kill()
        trial.recovery_seconds = trial.wait_for_next_attempt(training, killed)
        trial.note_resumption(training.run)


class PoisonedSpec(Fault):
    """A run whose every attempt is killed before its first step, as of a spec that takes more memory than there is."""

    name = "poison"
    title = "a spec that kills its trainer at every attempt; others proceed"
    recovery = "from the last kill to `failed`"

    def disturb(self, trial: Trial) -> None:
        """Kill the trainer of one run again and again, while others wait."""
        poisoned = trial.submit(expected=RunState.FAILED)
        others = [trial.submit() for _ in range(2)]
        killed = time.monotonic()
        for number in range(1, MAX_ATTEMPTS + 1):
            trial.wait_for_trainer(poisoned, number).kill()
            killed = time.monotonic()
        trial.wait_for(poisoned, RunState.FAILED)
        trial.recovery_seconds = time.monotonic() - killed
        shown = trial.site.service.get({"id": str(poisoned.id)})
        trial.complain_unless("3 of 3 attempts" in shown["error"]["detail"], f"The error says {shown['error']}.")
        for run in others:
            trial.wait_for(run, RunState.SUCCEEDED)
