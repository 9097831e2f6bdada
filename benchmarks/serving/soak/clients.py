"""Clients of the soak: threads with a connection each, and one that moves aliases."""

import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.serving.soak.aliases import AliasHistory
from benchmarks.serving.soak.requests import Answer, SoakForm, find_error
from benchmarks.serving.soak.versions import LARGEST_MARK, WIDTH, name_model

ALIAS = "production"
MOST_ROWS = 8
MOVE_SECONDS = 1.0
ANSWER_SECONDS = 60.0
MOST_KINDS = 100


@dataclass(slots=True)
class Tally:
    """Answers and errors so far, of all clients.

    Attributes:
        answers: Right answers by form.
        errors: Number of errors by kind.
        num_moves: Moves of aliases.
    """

    answers: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    num_moves: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, form: str, error: str | None) -> None:
        """Count an answer."""
        with self.lock:
            if error is None:
                self.answers[form] += 1
            else:
                is_known = error in self.errors or len(self.errors) < MOST_KINDS
                self.errors[error if is_known else "other errors"] += 1


@dataclass(frozen=True, slots=True)
class Soak:
    """Service under soak.

    Attributes:
        port: Of the service, on this machine.
        predict_headers: Headers of predictions.
        admin_headers: Headers of moves.
        num_models: Number of models.
        num_versions: Versions of each, from 1; the alias starts at the first.
        forms: Forms of requests, by name.
        tally: Counts of all clients.
        histories: History of each model's alias.
        stopped: Set when the clients are to end.
    """

    port: int
    predict_headers: Mapping[str, str]
    admin_headers: Mapping[str, str]
    num_models: int
    num_versions: int
    forms: Mapping[str, SoakForm]
    tally: Tally
    histories: Sequence[AliasHistory]
    stopped: threading.Event

    def connect(self) -> http.client.HTTPConnection:
        """Open a connection to the service."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)


def keep_asking(soak: Soak, seed: int) -> None:
    """Send requests until the soak is stopped; count each answer. Frequent models are those of low numbers."""
    draw = random.Random(seed)  # noqa: S311 - traffic, not secrets.
    connection = soak.connect()
    weights = [1 / (1 + number) for number in range(soak.num_models)]
    while not soak.stopped.is_set():
        (number,) = draw.choices(range(soak.num_models), weights)
        name = draw.choice(sorted(soak.forms))
        form = soak.forms[name]
        try:
            error = _ask_once(soak, connection, draw, form, number)
        except (OSError, http.client.HTTPException) as failure:
            error = f"no answer: {failure!r}"
            connection.close()
        soak.tally.count(name, error)
    connection.close()


def _ask_once(
    soak: Soak, connection: http.client.HTTPConnection, draw: random.Random, form: SoakForm, number: int
) -> str | None:
    rows = np.zeros((draw.randint(1, MOST_ROWS), WIDTH), np.float32)
    rows[:, 0] = [draw.randrange(LARGEST_MARK) for _ in rows]
    kind = draw.choice(sorted(form.paths))
    version = draw.randint(1, soak.num_versions)
    path = form.paths[kind].format(model=name_model(number), version=version, alias=ALIAS)
    body = form.form.encode(rows)
    sent = time.monotonic()
    connection.request("POST", path, body.content, {**soak.predict_headers, **dict(body.headers)})
    response = connection.getresponse()
    content = response.read()
    received = time.monotonic()
    answer = Answer(response.status, {key.lower(): value for key, value in response.getheaders()}, content)
    allowed = {
        "newest": {soak.num_versions},
        "version": {version},
        "alias": soak.histories[number].allowed(sent, received),
    }[kind]
    return find_error(form, answer, rows, number, allowed)


def keep_moving(soak: Soak, seed: int) -> None:
    """Move the alias of some model to some version every second, until the soak is stopped."""
    draw = random.Random(seed)  # noqa: S311 - traffic, not secrets.
    while not soak.stopped.wait(MOVE_SECONDS):
        move_alias(soak, draw.randrange(soak.num_models), draw.randint(1, soak.num_versions))


def move_alias(soak: Soak, number: int, version: int) -> None:
    """Move the alias of a model, and note it in the history; a refusal counts as an error."""
    history = soak.histories[number]
    history.begin(version, time.monotonic())
    connection = soak.connect()
    try:
        path = f"/v1/registry/models/{name_model(number)}/aliases/{ALIAS}"
        headers = {**soak.admin_headers, "Content-Type": "application/json"}
        connection.request("PUT", path, json.dumps({"version": version}), headers)
        response = connection.getresponse()
        content = response.read()
    finally:
        connection.close()
    history.confirm(time.monotonic())
    if response.status >= http.client.BAD_REQUEST:
        soak.tally.count("move", f"move: status {response.status}: {content[:200].decode(errors='replace')}")
    soak.tally.num_moves += 1
