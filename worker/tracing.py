"""Spans of an attempt: its wait, its phases, and the registration of what it trained."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from core.progress import Phase
from db.claims import ClaimedRun

if TYPE_CHECKING:
    from tracing.tracer import RunSpan, RunTracer

MAX_PHASES = 100
"""Most spans of phases: validation may alternate with training thousands of times."""


class AttemptTrace:
    """Trace of an attempt; without a tracer, nothing is done.

    The spans of all attempts at a run are children of the request that submitted it.

    Args:
        tracer: None if traces are switched off.
        claimed: The run.
    """

    def __init__(self, tracer: "RunTracer | None", claimed: ClaimedRun) -> None:
        self._tracer = tracer
        self._phase: RunSpan | None = None
        self._num_phases = 0
        self._seconds: dict[Phase, float] = {}
        self._current: tuple[Phase, float] | None = None
        self._span = None if tracer is None else self._begin(tracer, claimed)

    @staticmethod
    def _begin(tracer: "RunTracer", claimed: ClaimedRun) -> "RunSpan":
        facts: dict[str, str | int] = {
            "trainyard.run.id": str(claimed.run_id),
            "trainyard.run.attempt": claimed.attempt,
            "trainyard.experiment": claimed.experiment,
            "trainyard.model.name": claimed.model_name,
        }
        began = time.time()
        waited = tracer.start("queue", claimed.traceparent, facts, at=began - claimed.queue_seconds)
        waited.end(at=began)
        return tracer.start("attempt", claimed.traceparent, facts, kind="consumer", at=began)

    def begin_phase(self, phase: Phase) -> None:
        """End the present phase, and begin another."""
        if self._tracer is None or self._span is None:
            return
        self._end_phase()
        self._current = (phase, time.monotonic())
        if self._num_phases < MAX_PHASES:
            self._phase = self._tracer.start(phase.value, self._span.traceparent, {})
        self._num_phases += 1

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Trace a step of the attempt's end."""
        if self._tracer is None or self._span is None:
            yield
            return
        self._end_phase()
        span = self._tracer.start(name, self._span.traceparent, {})
        try:
            yield
        except BaseException as error:
            span.fail(type(error).__name__)
            raise
        finally:
            span.end()

    def end(self, outcome: str, *, error: str | None = None, version: int | None = None) -> None:
        """End the attempt.

        Args:
            outcome: The way it ended.
            error: Code of the error if it failed.
            version: Number of the model version that it registered, if it did.
        """
        if self._span is None:
            return
        self._end_phase()
        self._span.note({f"trainyard.phase.{phase}.seconds": seconds for phase, seconds in self._seconds.items()})
        self._span.note({"trainyard.attempt.outcome": outcome, "trainyard.attempt.num_phases": self._num_phases})
        if version is not None:
            self._span.note({"trainyard.model.version": version})
        if error is not None:
            self._span.fail(error)
        self._span.end()
        self._span = None

    def _end_phase(self) -> None:
        if self._current is not None:
            phase, began = self._current
            self._seconds[phase] = self._seconds.get(phase, 0.0) + time.monotonic() - began
            self._current = None
        if self._phase is not None:
            self._phase.end()
            self._phase = None
