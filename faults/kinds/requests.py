"""Requests that are repeated, and an API that dies while it answers."""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

from faults.fault import Fault, Trial
from faults.ledger import Answer

NUM_REPEATS = 20
NUM_SENDERS = 4
NUM_RUNS = 12
NUM_EPOCHS = 50


class RepeatedPost(Fault):
    """The same request many times at once, with one Idempotency-Key."""

    name = "same-key"
    title = f"the same POST {NUM_REPEATS} times at once with one Idempotency-Key"
    lengths = (NUM_EPOCHS,)

    def disturb(self, trial: Trial) -> None:
        """Send the request from as many threads."""
        spec = trial.choose_spec(NUM_EPOCHS)
        key = uuid4().hex
        with ThreadPoolExecutor(NUM_REPEATS) as senders:
            answers = list(senders.map(lambda _: send_until_accepted(trial, spec, key), range(NUM_REPEATS)))
        ids = {trial.ledger.note(answer, spec).id for answer in answers}
        trial.complain_unless(len(ids) == 1, f"One key was answered with {len(ids)} runs.")


class KilledApi(Fault):
    """SIGKILL of the API while clients submit: what was accepted stays, what was not is sent again."""

    name = "kill-api"
    title = "`kill -9` of the API while clients submit"
    recovery = "from the kill to the answers to all clients"
    lengths = (NUM_EPOCHS,)

    def disturb(self, trial: Trial) -> None:
        """Kill the API at any moment of a burst of requests, and start it again."""
        specs = [trial.choose_spec(NUM_EPOCHS) for _ in range(NUM_RUNS)]
        api = trial.site.service.api
        with ThreadPoolExecutor(NUM_SENDERS) as senders:
            sent = [senders.submit(send_until_accepted, trial, spec, uuid4().hex) for spec in specs]
            time.sleep(trial.chance.uniform(0, 0.15))
            api.kill()
            killed = time.monotonic()
            api.wait()
            trial.site.service.start_api()
            answers = [one.result() for one in sent]
        for answer, spec in zip(answers, specs, strict=True):
            trial.ledger.note(answer, spec)
        trial.recovery_seconds = time.monotonic() - killed


def send_until_accepted(trial: Trial, spec: Mapping[str, Any], key: str) -> Answer:
    """Send a request until it is accepted, and return the answer.

    Raises:
        ServiceFailed: If it is not accepted for long.
    """
    for answer in trial.ledger.tries(spec, key):
        if answer.is_accepted:
            return answer
    raise trial.site.service.failure("A request was not accepted")
