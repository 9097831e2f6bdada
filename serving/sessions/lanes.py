"""Calls of one network by many requests: at once where they are short, else in batches by other threads."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from math import inf
from time import perf_counter_ns
from typing import Any

from numpy.typing import NDArray

from core.errors import DeadlineExceeded, ServerBusy, TrainyardError, Unavailable
from serving.sessions.batch_calls import BatchCalls, CallFigures, Outcome
from serving.sessions.batches import QueuedRequest, Tensors, complete
from serving.sessions.loaded_model import LoadedModel
from serving.sessions.request_queue import RequestQueue
from serving.sessions.statistics import LaneStatistics
from serving.sessions.threads import BatchThreads
from serving.sessions.warm_up import measure, size_of_row

DEFAULT_MAX_QUEUED = 1000

MAX_BATCH_ROWS = 256
"""Most rows of a call of a network: a convolutional network takes memory for each."""

MAX_BATCH_SECONDS = 0.25
"""Longest time of a call: the rows of large networks take most of the memory, and other networks wait for a turn."""


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
        self._queue = RequestQueue(max_queued)
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

    def _limit_rows(self, request: QueuedRequest) -> int:
        """Return the most rows of a batch of such rows; those longer than measured take more time and memory."""
        if not self.model.has_free_axis or self.measurement is None:
            return self._max_rows
        row_size = size_of_row(request.inputs, request.num_rows)
        return max(1, min(self._max_rows, self._max_rows * self.measurement.row_size // max(1, row_size)))

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
            if self._queue.put(request):
                self._threads.plan(loop, self)
            return await request.future
        except ServerBusy:
            self.statistics.rejected_count += 1
            raise
        except asyncio.CancelledError:
            self.statistics.cancelled_count += 1
            raise
        finally:
            if timer is not None:
                timer.cancel()

    def estimate_waiting(self) -> tuple[int, float]:
        """Return the number of requests that wait, and the seconds that they take."""
        waiting = self._queue.list_requests()
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
            stopped = self._queue.clear()
            error = Unavailable("The service is shutting down. Send the request again.")
            for request in stopped:
                _call_in_loop(request.future.get_loop(), partial(_fail, request, error))

    def _work(self, *, is_here: bool = False) -> None:
        """Compute one batch; further ones take their turn behind those of other lanes."""
        try:
            parts = self._queue.take(self._limit_rows, joins=self._joins)
            if parts:
                # Sizes cost nothing on the processor; other hardware is prepared for each.
                pads = self._joins and not self.model.execution.is_cpu
                calls = BatchCalls(self.model, pads_to=self._max_rows if pads else 0)
                outcomes = calls.compute(parts)
                if is_here:
                    self._finish(outcomes, calls.figures)
                else:
                    self._report(outcomes, calls.figures)
        finally:
            if self._queue.end_batch():
                self.call_in_thread()

    def _report(self, outcomes: list[Outcome], figures: list[CallFigures]) -> None:
        """Have requests answered by their event loops."""
        by_loop: dict[asyncio.AbstractEventLoop, list[Outcome]] = {}
        for outcome in outcomes:
            by_loop.setdefault(outcome.part.request.future.get_loop(), []).append(outcome)
        for loop, own in by_loop.items():
            _call_in_loop(loop, partial(self._finish, own, figures))
            # Each call is counted once.
            figures = []

    def _finish(self, outcomes: list[Outcome], figures: list[CallFigures]) -> None:
        """Answer requests, in the thread of their event loop."""
        statistics = self.statistics
        for call in figures:
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
