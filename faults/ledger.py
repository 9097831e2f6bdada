"""Runs that a service has accepted: every POST has an Idempotency-Key, and is repeated until it is answered."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

import httpx

from core.run_state import RunState
from faults.service import Service

PATIENCE_SECONDS = 120.0
PAUSE_SECONDS = 0.1
ANSWER_SECONDS = 60.0

NUM_EPOCHS = 500
"""Some seconds of training, so that faults come in the middle of it."""


def make_spec(seed: int, num_epochs: int = NUM_EPOCHS) -> dict[str, Any]:
    """Return a spec that shuffles and drops out, so that every step depends on the random state before it.

    Its plan is named: the choice among plans depends on time, and their results differ by rounding.
    """
    return {
        "name": "faults",
        "dataset": {"name": "digits"},
        "model": {
            "kind": "mlp",
            "layers": [
                {"units": 32, "activation": "relu", "dropout": 0.2},
                {"units": 10, "activation": "softmax"},
            ],
        },
        "training": {
            "optimizer": {"name": "adam"},
            "loss": "categorical_crossentropy",
            "metrics": ["accuracy"],
            "epochs": num_epochs,
            "batch_size": 8,
            "plan": "xla",
        },
        "seed": seed,
    }


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer to a POST of a run.

    Attributes:
        status: Status code; None if there was no answer.
        error: Name of the error of the connection, if there was no answer.
        seconds: Time to the answer.
        retry_after: The header Retry-After.
        body: The run, or the problem.
    """

    status: int | None
    error: str
    seconds: float
    retry_after: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_accepted(self) -> bool:
        """Return True for 202."""
        return self.status == HTTPStatus.ACCEPTED


@dataclass(frozen=True, slots=True)
class Accepted:
    """A run that the service owes.

    Attributes:
        spec: What was asked.
        expected: State in which it has to end; None for any.
    """

    id: UUID
    spec: Mapping[str, Any]
    expected: RunState | None


class Ledger:
    """The runs of one trial.

    Attributes:
        accepted: By their id.
        answers: Every answer to a POST, and every failure.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self.accepted: dict[UUID, Accepted] = {}
        self.answers: list[Answer] = []
        # A connection for each request: one that a restarted server left open is no fault of a client.
        self._http = httpx.Client(
            base_url=service.http.base_url,
            timeout=ANSWER_SECONDS,
            limits=httpx.Limits(max_keepalive_connections=0),
            trust_env=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def submit(
        self, spec: Mapping[str, Any], expected: RunState | None = RunState.SUCCEEDED, key: str | None = None
    ) -> Accepted:
        """Send a spec until it is accepted, as a client does that repeats its request.

        Raises:
            ServiceFailed: If it is refused, or not accepted in PATIENCE_SECONDS.
        """
        for answer in self.tries(spec, key):
            if answer.is_accepted:
                return self.note(answer, spec, expected)
            if answer.status is not None and answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                break
        raise self._service.failure(f"A run was not accepted: {self.answers[-1]}")

    def tries(self, spec: Mapping[str, Any], key: str | None = None, path: str = "/v1/runs") -> Iterator[Answer]:
        """Send a spec with one Idempotency-Key, by default a new one, again and again; yield the answers."""
        key = key or uuid4().hex
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            yield self.post(spec, key, path)
            time.sleep(PAUSE_SECONDS)

    def post(self, spec: Mapping[str, Any], key: str, path: str = "/v1/runs") -> Answer:
        """Send a spec, or an empty body to another path, once over a connection of its own, from any thread."""
        body = {"spec": spec} if spec else {}
        started = time.monotonic()
        try:
            response = self._http.post(path, json=body, headers={"Idempotency-Key": key})
        except httpx.TransportError as error:
            answer = Answer(None, type(error).__name__, time.monotonic() - started)
        else:
            seconds = time.monotonic() - started
            retry_after = response.headers.get("Retry-After")
            answer = Answer(response.status_code, "", seconds, retry_after, response.json())
        self.answers.append(answer)
        return answer

    def continue_run(self, run: Accepted) -> Accepted:
        """Queue the rest of a run that has failed, from its last checkpoint.

        Raises:
            ServiceFailed: If it is not accepted.
        """
        for answer in self.tries({}, path=f"/v1/runs/{run.id}:continue"):
            if answer.is_accepted:
                return self.note(answer, run.spec)
        raise self._service.failure(f"A run was not continued: {self.answers[-1]}")

    def note(self, answer: Answer, spec: Mapping[str, Any], expected: RunState | None = RunState.SUCCEEDED) -> Accepted:
        """Enter a run that was accepted."""
        accepted = Accepted(UUID(str(answer.body["id"])), spec, expected)
        self.accepted[accepted.id] = accepted
        return accepted
