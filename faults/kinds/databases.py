"""Databases that freeze and restart."""

import time
from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any, ClassVar
from uuid import uuid4

from core.run_state import RunState
from db.postgresql import ANSWER_TIMEOUT_SECONDS
from faults.backends import POSTGRES_RABBITMQ, POSTGRES_REDIS, SQLITE
from faults.fault import Fault, Trial
from faults.ledger import NUM_EPOCHS, Answer

NUM_SHORT_EPOCHS = 100
FREEZE_SECONDS = {SQLITE: 8.0}
"""Longer than a writer waits for a lock, which is 5 s."""
FREEZE_SERVER_SECONDS = ANSWER_TIMEOUT_SECONDS + 4.0


class FrozenDatabase(Fault):
    """No transaction ends for longer than the lease; clients are told to come again, and no run is taken back."""

    name = "freeze-database"
    title = "database frozen for longer than the lease"
    recovery = "from the thaw to the next accepted POST"
    lengths = (NUM_EPOCHS, NUM_SHORT_EPOCHS)

    def disturb(self, trial: Trial) -> None:
        """Freeze the database while a run is trained, and submit another meanwhile."""
        training = trial.start_training()
        spec = trial.choose_spec(NUM_SHORT_EPOCHS)
        key = uuid4().hex
        with trial.site.backend.database.frozen():
            frozen = time.monotonic()
            refused = trial.ledger.post(spec, key)
            left = FREEZE_SECONDS.get(trial.site.backend.name, FREEZE_SERVER_SECONDS) - (time.monotonic() - frozen)
            time.sleep(max(0.0, left))
        trial.note("503 after, s", refused.seconds)
        complain_unless_refused_well(trial, refused)
        healed = time.monotonic()
        submit_again(trial, spec, key)
        trial.recovery_seconds = time.monotonic() - healed
        trial.wait_for(training.run, RunState.SUCCEEDED)
        number = trial.stage(training.run).attempt
        trial.complain_unless(number == training.stage.attempt, "A run of a healthy worker was taken back.")


class RestartedDatabase(Fault):
    """Every connection breaks, and for a moment none is accepted."""

    name = "restart-database"
    title = "database crashed and restarted"
    recovery = "from the restart to the next accepted POST"
    lengths = (NUM_EPOCHS, NUM_SHORT_EPOCHS)
    backends: ClassVar[Collection[str]] = (POSTGRES_REDIS, POSTGRES_RABBITMQ)

    def disturb(self, trial: Trial) -> None:
        """Restart the database while a run is trained."""
        training = trial.start_training()
        spec = trial.choose_spec(NUM_SHORT_EPOCHS)
        key = uuid4().hex
        trial.site.backend.database.restart()
        healed = time.monotonic()
        submit_again(trial, spec, key)
        trial.recovery_seconds = time.monotonic() - healed
        trial.wait_for(training.run, RunState.SUCCEEDED)
        number = trial.stage(training.run).attempt
        trial.complain_unless(number == training.stage.attempt, "A run of a healthy worker was taken back.")


def submit_again(trial: Trial, spec: Mapping[str, Any], key: str) -> None:
    """Repeat a request until it is accepted."""
    for answer in trial.ledger.tries(spec, key):
        if answer.is_accepted:
            trial.ledger.note(answer, spec)
            return
        complain_unless_refused_well(trial, answer)


def complain_unless_refused_well(trial: Trial, answer: Answer) -> None:
    """Complain unless an answer asks the client to come again."""
    is_refused_well = answer.status == HTTPStatus.SERVICE_UNAVAILABLE and answer.retry_after is not None
    trial.complain_unless(is_refused_well, f"POST was answered {answer}, expected 503 with Retry-After.")
