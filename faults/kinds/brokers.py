"""Brokers that die, forget, freeze, and deliver too often."""

import time
from collections.abc import Collection
from typing import ClassVar
from uuid import uuid4

from core.run_state import RunState
from faults.backends import POSTGRES_RABBITMQ, POSTGRES_REDIS
from faults.fault import Fault, Trial
from faults.ledger import Accepted
from jobs.celery_app import create_celery_app
from jobs.doorbell import ring_doorbell

POST_SECONDS = "slowest POST, s"
LONGEST_POST_SECONDS = 1.0
NUM_EPOCHS = 100
NUM_POSTS = 3
NUM_DOORBELLS = 20


class KilledBroker(Fault):
    """The broker is away while runs are submitted; POST does not wait for it."""

    name = "kill-broker"
    title = "broker killed, and started again later"
    recovery = "from the restart to the claim of the last run submitted meanwhile; 0 if that was before"
    lengths = (NUM_EPOCHS,)

    def disturb(self, trial: Trial) -> None:
        """Submit runs while there is no broker."""
        with trial.site.backend.broker.killed():
            runs = submit_several(trial)
            time.sleep(trial.chance.uniform(0, 1))
        healed = time.monotonic()
        trial.site.wait_until(lambda: all(trial.stage(run).attempt for run in runs), "runs are claimed")
        trial.recovery_seconds = time.monotonic() - healed


class FlushedBroker(Fault):
    """Every doorbell is deleted while runs are queued."""

    name = "flush-broker"
    title = "broker flushed while runs are queued"
    recovery = "from the last flush to the claim of the last run"
    lengths = (NUM_EPOCHS,)

    def disturb(self, trial: Trial) -> None:
        """Delete the doorbells of as many runs as there are workers."""
        runs = []
        for _ in range(self.num_workers):
            runs += submit_several(trial, 1)
            trial.site.backend.broker.flush()
        flushed = time.monotonic()
        trial.site.wait_until(lambda: all(trial.stage(run).attempt for run in runs), "runs are claimed")
        trial.recovery_seconds = time.monotonic() - flushed


class FrozenBroker(Fault):
    """The broker accepts connections and answers nothing."""

    name = "freeze-broker"
    title = "broker frozen for 8 s"
    recovery = "from the thaw to the end of all runs submitted meanwhile"
    lengths = (NUM_EPOCHS,)
    backends: ClassVar[Collection[str]] = (POSTGRES_REDIS, POSTGRES_RABBITMQ)
    seconds: ClassVar[float] = 8.0

    def disturb(self, trial: Trial) -> None:
        """Submit runs while the broker is frozen."""
        with trial.site.backend.broker.frozen():
            frozen = time.monotonic()
            runs = submit_several(trial)
            time.sleep(max(0.0, self.seconds - (time.monotonic() - frozen)))
            runs += submit_several(trial)
        healed = time.monotonic()
        for run in runs:
            trial.wait_for(run, RunState.SUCCEEDED)
        trial.recovery_seconds = time.monotonic() - healed


class LongFrozenBroker(FrozenBroker):
    """The same for a minute."""

    name = "freeze-broker-60"
    title = "broker frozen for 60 s"
    seconds = 60.0
    is_tried_once = True


class DuplicateDoorbells(Fault):
    """One run is rung for many times."""

    name = "doorbells"
    title = f"{NUM_DOORBELLS} doorbells for one run"

    def disturb(self, trial: Trial) -> None:
        """Ring, while the run is queued and while it is trained."""
        app = create_celery_app(trial.site.service.settings)
        try:
            run = trial.submit()
            for _ in range(NUM_DOORBELLS):
                ring_doorbell(app)
            trial.wait_until_it_trains(run)
            for _ in range(NUM_DOORBELLS):
                ring_doorbell(app)
        finally:
            app.close()
        trial.wait_for(run, RunState.SUCCEEDED)
        trial.complain_unless(trial.stage(run).attempt == 1, "The run was begun more than once.")


def submit_several(trial: Trial, number: int = NUM_POSTS) -> list[Accepted]:
    """Submit short runs, and measure how long each POST takes.

    The limit is one second, on a machine with a processor to spare; the time is noted, and no trial fails by it.
    """
    runs = []
    for _ in range(number):
        spec = trial.choose_spec(NUM_EPOCHS)
        answer = next(trial.ledger.tries(spec, uuid4().hex))
        trial.note(POST_SECONDS, answer.seconds)
        trial.complain_unless(answer.is_accepted, f"POST was answered {answer.status} {answer.error}.")
        if answer.is_accepted:
            runs.append(trial.ledger.note(answer, spec))
    return runs
