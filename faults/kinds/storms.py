"""Everything at once."""

import signal
import time
from typing import ClassVar

from faults.fault import Fault, Trial
from faults.kinds.workers import Load
from faults.service import Process, find_trainers

THAW_SHARE = 0.7
STORM_EPOCHS = 300
ACTIONS = ("kill", "stop", "term", "trainer")


class Storm(Fault):
    """Four workers that are killed, frozen and stopped at random, while runs are submitted."""

    name = "storm"
    title = "storm: of 4 workers one at a time is killed, frozen, stopped, or its trainer killed, at random"
    num_workers = 4
    lengths = (STORM_EPOCHS,)
    settings: ClassVar = {"TRAINYARD_MAX_ATTEMPTS": "10"}
    seconds = 40.0
    pause_seconds = (2.0, 5.0)

    def disturb(self, trial: Trial) -> None:
        """Do something to a worker every few seconds."""
        load = Load(trial, pause_seconds=2.0, num_epochs=STORM_EPOCHS)
        load.start()
        frozen: list[Process] = []
        end = time.monotonic() + self.seconds
        try:
            while time.monotonic() < end:
                time.sleep(trial.chance.uniform(*self.pause_seconds))
                self._strike(trial, frozen)
                trial.note("faults", trial.measured.get("faults", 0) + 1)
        finally:
            load.stop()
            for worker in frozen:
                worker.send_signal(signal.SIGCONT)
        trial.site.keep_workers(self.num_workers)

    def _strike(self, trial: Trial, frozen: list[Process]) -> None:
        service = trial.site.service
        # Those that were frozen before have slept past their lease or not, by chance.
        while frozen and trial.chance.random() < THAW_SHARE:
            frozen.pop().send_signal(signal.SIGCONT)
        worker = trial.chance.choice(service.workers)
        match trial.chance.choice(ACTIONS):
            case "kill":
                worker.kill()
                worker.wait()
            case "stop":
                worker.send_signal(signal.SIGSTOP)
                frozen.append(worker)
            case "term":
                worker.send_signal(signal.SIGTERM)
            case _:
                for trainer in find_trainers(worker):
                    trainer.kill()
        for _ in range(self.num_workers - len(service.workers)):
            service.start_worker()
