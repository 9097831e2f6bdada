"""Calls of one network by many requests: at once where they are short, else in batches by other threads."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from math import inf
from threading import Lock
from time import perf_counter_ns
from typing import Any

from numpy.typing import NDArray

from core.errors import DeadlineExceeded, ServerBusy, TrainyardError, Unavailable
from serving.sessions.batches import (
    Part,
    QueuedRequest,
    Tensors,
    complete,
    join,
    part_outputs,
    take_batch,
)
from serving.sessions.loaded_model import LoadedModel
from serving.sessions.statistics import LaneStatistics
from serving.sessions.threads import BatchThreads
from serving.sessions.warm_up import measure, size_of_row

DEFAULT_MAX_QUEUED = 1000

MAX_BATCH_ROWS = 256
"""Most rows of a call of a network: a convolutional network takes memory for each."""

MAX_BATCH_SECONDS = 0.25
"""Longest time of a call: the rows of large networks take most of the memory, and other networks wait for a turn."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of one part of a batch: its outputs, or the error."""

    part: Part
    result: dict[str, NDArray[Any]] | Exception


@dataclass(frozen=True, slots=True)
class _Call:
    """One call of the network; times are nanoseconds."""

    num_rows: int
    input_ns: int
    infer_ns: int
    output_ns: int


class Lane:
    """Calls of one network.

    Requests that come while the network is busy are joined to the next batch, so that none waits for a timer.

    Args:
        model: The network. It is run a few times here, to warm it up and to measure it.
        threads: Threads for batches, which all lanes of a process share.
        max_queued: Most requests that wait.

    Attributes:
        model: As given.
        measurement: What calls cost; None if the network takes none of the rows that were tried.
        statistics: Figures of the calls.
    """

    def __init__(self, model: LoadedModel, threads: BatchThreads, *, max_queued: int = DEFAULT_MAX_QUEUED) -> None:
        self.model = model
        self.statistics = LaneStatistics()
        self._threads = threads
        self._max_queued = max_queued
        self._lock = Lock()
        self._queue: deque[QueuedRequest] = deque()
        self._is_scheduled = False
        threads.measure()
        self.measurement = measure(model)
        self._joins = self.measurement is not None and self.measurement.is_rowwise
        self._max_rows = MAX_BATCH_ROWS
        if self.measurement is not None and self.measurement.row_seconds:
            self._max_rows = max(1, min(MAX_BATCH_ROWS, int(MAX_BATCH_SECONDS / self.measurement.row_seconds)))

    @property
    def num_bytes(self) -> int:
        """Return the memory that the network takes, by estimate."""
        return self.model.num_bytes

    @property
    def num_queued(self) -> int:
        """Return the number of requests that wait."""
        return len(self._queue)

    def is_inline(self, num_rows: int, inputs: Tensors | None = None) -> bool:
        """Return True if this request should be answered at once, with `run_inline`; to be asked once for each.

        Args:
            num_rows: Rows of the request.
            inputs: The request, whose rows take longer if an axis of any length is long.
        """
        return self._threads.is_inline(self._estimate(num_rows, inputs))

    def _estimate(self, num_rows: int, inputs: Tensors | None) -> float:
        """Return the seconds of a call."""
        if self.measurement is None:
            return inf
        if not self.model.has_free_axis:
            return self.measurement.estimate_seconds(num_rows)
        return inf if inputs is None else self.measurement.estimate_seconds(num_rows, size_of_row(inputs, num_rows))

    def run_inline(self, inputs: Tensors) -> dict[str, NDArray[Any]]:
        """Run the network on the calling thread, that of the event loop, and count the call.

        Raises:
            InvalidInstances: If the inputs do not fit the signature.
        """
        num_rows = self.model.check(inputs)
        start = perf_counter_ns()
        statistics = self.statistics
        try:
            outputs = self.model.compute(inputs)
        except Exception:
            statistics.fail_count += 1
            statistics.fail_ns += perf_counter_ns() - start
            raise
        duration = perf_counter_ns() - start
        statistics.count_call(num_rows, 0, duration, 0)
        statistics.success_count += 1
        statistics.success_ns += duration
        return outputs

    async def answer(self, inputs: Tensors, num_rows: int, *, deadline: float | None = None) -> dict[str, NDArray[Any]]:
        """Run the network where it is best: at once, or as `run` does, whose arguments and errors these are."""
        if self.is_inline(num_rows, inputs):
            return self.run_inline(inputs)
        return await self.run(inputs, num_rows, deadline=deadline)

    async def run(self, inputs: Tensors, num_rows: int, *, deadline: float | None = None) -> dict[str, NDArray[Any]]:
        """Run the network in another thread, together with other requests.

        Args:
            inputs: (num_rows, *shape of the input) for each input by its name in the signature.
            num_rows: Rows of the request.
            deadline: Time of the event loop after which nobody waits for the answer.

        Returns:
            (num_rows, *shape of the output) for each output by its name in the signature.

        Raises:
            InvalidInstances: If the inputs do not fit the signature.
            ServerBusy: If too many requests wait for this network.
            DeadlineExceeded: If the deadline passes first.
        """
        num_rows = self.model.check(inputs)
        loop = asyncio.get_running_loop()
        request = QueuedRequest(inputs, num_rows, loop.create_future())
        timer = None
        if deadline is not None:
            if deadline <= loop.time():
                raise self._expire(request)
            timer = loop.call_at(deadline, self._expire_queued, request)
        try:
            self._put(request, loop)
            return await request.future
        except asyncio.CancelledError:
            self.statistics.cancelled_count += 1
            raise
        finally:
            if timer is not None:
                timer.cancel()

    def _put(self, request: QueuedRequest, loop: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            if len(self._queue) >= self._max_queued and not self._drop_done():
                self.statistics.rejected_count += 1
                raise ServerBusy(
                    f"{len(self._queue)} requests wait for this model, as many as TRAINYARD_MAX_QUEUED_REQUESTS "
                    "allows. Send it again a little later."
                )
            self._queue.append(request)
            if self._is_scheduled:
                return
            self._is_scheduled = True
        self._threads.plan(loop, self)

    def _drop_done(self) -> bool:
        """Drop requests that nobody waits for; True if there were any."""
        num_before = len(self._queue)
        waiting = [request for request in self._queue if not request.future.done()]
        self._queue.clear()
        self._queue.extend(waiting)
        return len(waiting) < num_before

    def estimate_waiting(self) -> tuple[int, float]:
        """Return the number of requests that wait, and the seconds that they take."""
        with self._lock:
            waiting = list(self._queue)
        if self.measurement is None:
            return len(waiting), inf
        seconds = [self._estimate(request.num_rows, request.inputs) for request in waiting]
        if not self._joins:
            return len(waiting), sum(seconds)
        return len(waiting), sum(seconds) - (len(seconds) - 1) * self.measurement.call_seconds

    def call_here(self) -> None:
        """Compute the next batch on this thread, that of the event loop."""
        self._work(is_here=True)

    def call_in_thread(self) -> None:
        """Have the next batch computed by a thread."""
        try:
            self._threads.submit(self._work)
        except RuntimeError:
            with self._lock:
                stopped = list(self._queue)
                self._queue.clear()
                self._is_scheduled = False
            error = Unavailable("The service is shutting down. Send the request again.")
            for request in stopped:
                _call_in_loop(request.future.get_loop(), partial(_fail, request, error))

    def _work(self, *, is_here: bool = False) -> None:
        """Compute one batch; further ones take their turn behind those of other lanes."""
        with self._lock:
            parts = take_batch(self._queue, max_rows=self._max_rows, joins=self._joins)
        try:
            if parts:
                calls, outcomes = self._compute(parts)
                if is_here:
                    self._finish(outcomes, calls)
                else:
                    self._report(outcomes, calls)
        finally:
            with self._lock:
                has_more = self._is_scheduled = bool(self._queue)
            if has_more:
                self.call_in_thread()

    def _compute(self, parts: list[Part]) -> tuple[list[_Call], list[_Outcome]]:
        now = perf_counter_ns()
        for part in parts:
            part.request.started_at_ns = part.request.started_at_ns or now
        calls: list[_Call] = []
        try:
            return calls, self._call(parts, calls)
        # Whatever went wrong, those who wait must be told; each error goes to its own request.
        except Exception as error:  # noqa: BLE001
            if len(parts) == 1:
                return calls, [_Outcome(parts[0], error)]
        return calls, [self._call_alone(part, calls) for part in parts]

    def _report(self, outcomes: list[_Outcome], calls: list[_Call]) -> None:
        """Have requests answered by their event loops."""
        by_loop: dict[asyncio.AbstractEventLoop, list[_Outcome]] = {}
        for outcome in outcomes:
            by_loop.setdefault(outcome.part.request.future.get_loop(), []).append(outcome)
        for loop, own in by_loop.items():
            _call_in_loop(loop, partial(self._finish, own, calls))
            # Each call is counted once.
            calls = []

    def _call_alone(self, part: Part, calls: list[_Call]) -> _Outcome:
        try:
            return self._call([part], calls)[0]
        except Exception as error:  # noqa: BLE001
            return _Outcome(part, error)

    def _call(self, parts: list[Part], calls: list[_Call]) -> list[_Outcome]:
        num_rows = sum(part.num_rows for part in parts)
        start = perf_counter_ns()
        padded = self._pad(num_rows)
        inputs = parts[0].cut() if len(parts) == 1 and padded == num_rows else join(parts, padded)
        joined = perf_counter_ns()
        outputs = self.model.compute(inputs)
        computed = perf_counter_ns()
        answers = part_outputs(outputs, parts, padded)
        if answers is None:
            if len(parts) > 1 or parts[0].num_rows < parts[0].request.num_rows:
                raise ValueError(f"The network has outputs without a row for each of the {num_rows} rows of its batch.")
            answers = [outputs]
        calls.append(_Call(num_rows, joined - start, computed - joined, perf_counter_ns() - computed))
        return [_Outcome(part, answer) for part, answer in zip(parts, answers, strict=True)]

    def _pad(self, num_rows: int) -> int:
        """Return the rows of a batch with padding; the processor needs none."""
        if self.model.execution.is_cpu or not self._joins:
            return num_rows
        return max(num_rows, min(1 << (num_rows - 1).bit_length(), self._max_rows))

    def _finish(self, outcomes: list[_Outcome], calls: list[_Call]) -> None:
        """Answer requests, in the thread of their event loop."""
        statistics = self.statistics
        for call in calls:
            statistics.count_call(call.num_rows, call.input_ns, call.infer_ns, call.output_ns)
        for outcome in outcomes:
            request = outcome.part.request
            if request.future.done():
                continue
            if isinstance(outcome.result, Exception):
                self._end(request, outcome.result)
                continue
            request.answers.append(outcome.result)
            if outcome.part.stop == request.num_rows:
                try:
                    self._end(request, complete(request.answers))
                except ValueError as error:  # Parts whose outputs have several lengths.
                    self._end(request, error)

    def _end(self, request: QueuedRequest, result: dict[str, NDArray[Any]] | Exception) -> None:
        statistics = self.statistics
        duration = perf_counter_ns() - request.queued_at_ns
        if isinstance(result, Exception):
            statistics.fail_count += 1
            statistics.fail_ns += duration
            request.future.set_exception(result)
        else:
            statistics.success_count += 1
            statistics.success_ns += duration
            statistics.queue_count += 1
            statistics.queue_ns += request.started_at_ns - request.queued_at_ns
            request.future.set_result(result)

    def _expire_queued(self, request: QueuedRequest) -> None:
        if not request.future.done():
            request.future.set_exception(self._expire(request))

    def _expire(self, request: QueuedRequest) -> TrainyardError:
        self.statistics.expired_count += 1
        self.statistics.fail_count += 1
        self.statistics.fail_ns += perf_counter_ns() - request.queued_at_ns
        return DeadlineExceeded(
            f"The model did not answer within the request's time limit: {len(self._queue)} requests wait for it. "
            "Allow more time, or send it again later."
        )


def _fail(request: QueuedRequest, error: Exception) -> None:
    if not request.future.done():
        request.future.set_exception(error)


def _call_in_loop(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
    # A loop that has ended has nobody who waits.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(callback)
