"""Requests that wait for a network, joined to batches and parted again."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Any

import numpy as np
from numpy.typing import NDArray

Tensors = Mapping[str, NDArray[Any]]


class QueuedRequest:
    """A request that waits for a network.

    Args:
        inputs: Its rows, checked.
        num_rows: Number of its rows.
        future: Its answer; done if the client has gone or the deadline has passed.

    Attributes:
        shapes: Shapes of a row in each input; only rows of the same shapes fit into one batch.
        num_bytes: Memory of its rows.
        num_taken: Rows that have been computed, or are being computed.
        answers: Outputs of the rows computed.
    """

    __slots__ = (
        "answers",
        "future",
        "inputs",
        "num_bytes",
        "num_rows",
        "num_taken",
        "queued_at_ns",
        "shapes",
        "started_at_ns",
    )

    def __init__(self, inputs: Tensors, num_rows: int, future: asyncio.Future[dict[str, NDArray[Any]]]) -> None:
        self.inputs = inputs
        self.num_rows = num_rows
        self.future = future
        self.shapes = tuple([tensor.shape[1:] for tensor in inputs.values()])
        self.num_bytes = sum([tensor.nbytes for tensor in inputs.values()])
        self.queued_at_ns = perf_counter_ns()
        self.started_at_ns = 0
        self.num_taken = 0
        self.answers: list[dict[str, NDArray[Any]]] = []


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one request within a batch."""

    request: QueuedRequest
    start: int
    stop: int

    @property
    def num_rows(self) -> int:
        """Return the number of rows."""
        return self.stop - self.start

    def cut(self) -> Tensors:
        """Return the inputs of these rows."""
        if self.num_rows == self.request.num_rows:
            return self.request.inputs
        return {name: tensor[self.start : self.stop] for name, tensor in self.request.inputs.items()}


def take_batch(queue: deque[QueuedRequest], *, max_rows: Callable[[QueuedRequest], int], joins: bool) -> list[Part]:
    """Take the next batch out of a queue: the first request, and others of its shapes as long as they fit.

    A request that does not fit keeps its place. One of too many rows is taken in parts, after each of which it
    goes to the end of the queue, so that small requests do not wait for all of it. Requests whose answer nobody waits
    for are dropped.

    Args:
        queue: Requests, the oldest first.
        max_rows: Returns the most rows of a batch of rows such as those of a request.
        joins: False to take the first request alone, and whole.

    Returns:
        At least one part, unless the queue holds no request that is waited for.
    """
    parts: list[Part] = []
    passed: list[QueuedRequest] = []
    rest: QueuedRequest | None = None
    room = 1
    while queue and room > 0:
        request = queue.popleft()
        if request.future.done():
            continue
        start = request.num_taken
        num_left = request.num_rows - start
        if not joins:
            request.num_taken = request.num_rows
            parts.append(Part(request, start, request.num_rows))
            break
        if not parts:
            room = max_rows(request)
        elif num_left > room or request.shapes != parts[0].request.shapes:
            passed.append(request)
            continue
        request.num_taken = start + min(num_left, room)
        parts.append(Part(request, start, request.num_taken))
        room -= parts[-1].num_rows
        if request.num_taken < request.num_rows:
            rest = request
    queue.extendleft(reversed(passed))
    if rest is not None:
        queue.append(rest)
    return parts


def join(parts: list[Part], num_rows: int) -> dict[str, NDArray[Any]]:
    """Return the inputs of a batch; rows beyond those of its parts, to reach this number, repeat the last."""
    cuts = [part.cut() for part in parts]
    num_missing = num_rows - sum(part.num_rows for part in parts)
    if num_missing:
        cuts.append({name: np.repeat(tensor[-1:], num_missing, axis=0) for name, tensor in cuts[-1].items()})
    return {name: np.concatenate([cut[name] for cut in cuts]) for name in cuts[0]}


def part_outputs(outputs: Tensors, parts: list[Part], num_rows: int) -> list[dict[str, NDArray[Any]]]:
    """Return the outputs of each part of a batch of this many rows, padding included.

    Raises:
        ValueError: If an output does not have a row for each of the batch.
    """
    for name, output in outputs.items():
        if output.ndim == 0 or len(output) != num_rows:
            raise ValueError(f"The output '{name}' of {num_rows} rows has the shape {output.shape}.")
    answers = []
    start = 0
    for part in parts:
        stop = start + part.num_rows
        answers.append({name: output[start:stop] for name, output in outputs.items()})
        start = stop
    return answers


def complete(answers: list[dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    """Return the outputs of a request from those of its parts, in order."""
    if len(answers) == 1:
        return answers[0]
    return {name: np.concatenate([answer[name] for answer in answers]) for name in answers[0]}
