"""Expected times of plans that were not tried."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from typing import Protocol

from core.checks.length import FitLength
from models.fit.plans.cache import Timing
from models.fit.plans.plan import Form, Plan, Planning, plan_of
from models.fit.plans.recurrences import Recurrence
from models.runtime import has_gpu

LARGE_SAVED_SHARE, SMALL_SAVED_SHARE = 0.1, 0.5
"""Share of the time of a step that XLA is expected to save: 0 to 40 % if arithmetic dominates, 50 to 75 % if it does
not (docs/performance.md)."""

COMPILE_SECONDS, COMPILE_SECONDS_PER_OPERATION = 0.1, 0.002
"""Approximate compile time of XLA for a network without recurrent layers, measured for programs of 160 to 860
operations."""


class Forecast(Protocol):
    """Expectation of the times of plans."""

    def first(self, candidates: Sequence[Plan], num_steps: int) -> Plan:
        """Return the plan to try first in a fit of so many steps."""

    def expect(self, plan: Plan, tried: Mapping[str, Timing]) -> Timing:
        """Return the expected timing of a plan, after timings of others."""


@dataclass(frozen=True, slots=True)
class MeasuredForecast:
    """Forecast from the first candidate, which is compiled and timed in any case.

    Attributes:
        has_small_steps: Whether overhead dominates a step.
    """

    has_small_steps: bool

    def first(self, candidates: Sequence[Plan], num_steps: int) -> Plan:  # noqa: ARG002 - see the class.
        """Return the first candidate."""
        return candidates[0]

    def expect(self, plan: Plan, tried: Mapping[str, Timing]) -> Timing:  # noqa: ARG002 - XLA or single steps alike.
        """Return the time to compile as many operations as the plan tried has, and a share of the time of its step."""
        measured = next(iter(tried.values()))
        saved = SMALL_SAVED_SHARE if self.has_small_steps else LARGE_SAVED_SHARE
        return Timing(
            COMPILE_SECONDS + COMPILE_SECONDS_PER_OPERATION * measured.num_operations,
            (1 - saved) * measured.step_seconds,
        )


@dataclass(frozen=True, slots=True)
class CellCosts:
    """Costs of a recurrent cell, forwards and backwards, on one 2-core machine. Only their ratios matter.

    Attributes:
        loop_operations: Operations of its loop in a graph, whatever the number of time steps.
        unrolled_operations: Operations of a graph for each time step.
        loop_seconds: Overhead of a time step in the loop of a graph.
        unrolled_seconds: The same in an unrolled graph.
        xla_seconds: The same in the loop of an XLA program.
        xla_compile_seconds: Time to compile that loop.
    """

    loop_operations: int
    unrolled_operations: int
    loop_seconds: float
    unrolled_seconds: float
    xla_seconds: float
    xla_compile_seconds: float


CELLS = {
    "SimpleRNN": CellCosts(290, 20, 40e-6, 9e-6, 5e-6, 0.2),
    "LSTM": CellCosts(420, 70, 75e-6, 20e-6, 10e-6, 0.6),
    "GRU": CellCosts(550, 131, 85e-6, 30e-6, 13e-6, 0.65),
}
"""Costs by the class of the layer, measured on the networks of benchmarks/plan_cases.py."""

OTHER_OPERATIONS, OPERATIONS_BESIDE_UNROLLED = 195, 115
"""Operations of a graph beside its recurrent layers, and those of an unrolled layer beside its time steps."""
LOOP_OPERATION_SECONDS, UNROLLED_OPERATION_SECONDS = 0.5e-3, 0.35e-3
"""Time to trace, optimize and start an operation of a graph; threads that share the work need more of it."""
XLA_SECONDS, XLA_UNROLLED_OPERATION_SECONDS = 0.25, 2e-3
"""Time to compile an XLA program without its recurrent layers, and an operation of its unrolled ones."""
XLA_UNROLLED_SHARE = 0.5
"""Time of an unrolled time step of an XLA program, compared with one of its loop."""
TWO_BATCH_SIZES = 1.5
"""Compile time of an XLA program with a smaller last batch, compared with one without: it has a branch for each."""
TWO_LOOPS = 1.5
"""Time of two loops in a graph, one for each direction, compared with one: they run at the same time."""
FLOPS_PER_SECOND = 60e9
"""Arithmetic of small matrix products in sequence."""
LARGEST_SURPRISE = 2.0
"""Most factor by which measurements of one plan change the expectation of another, beyond the speed of the machine,
which compiling and steps have in common: the rest is due to the plan."""


@dataclass(frozen=True, slots=True)
class RecurrentForecast:
    """Forecast for a network with recurrent layers on a processor, from the layers alone.

    To unroll, or to compile with XLA, takes from a tenth of a second to minutes, so nothing is tried to find out. What
    is measured afterwards corrects the expectation for the speed of the machine and what the layers do not tell.

    Attributes:
        recurrences: Recurrent layers.
        flops_per_step: Approximate floating-point operations of a step, forward and backward.
        has_smaller_batch: Whether the last batch of a pass is smaller than the others.
    """

    recurrences: tuple[Recurrence, ...]
    flops_per_step: int
    has_smaller_batch: bool

    def first(self, candidates: Sequence[Plan], num_steps: int) -> Plan:
        """Return the plan with the lowest expected time."""
        return min(candidates, key=lambda plan: self.estimate(plan).seconds(num_steps))

    def expect(self, plan: Plan, tried: Mapping[str, Timing]) -> Timing:
        """Return the estimate, corrected by how far measured plans are from theirs."""
        estimate = self.estimate(plan)
        pairs = [(timing, self.estimate(plan_of(name))) for name, timing in tried.items()]
        compiling = _mean(real.compile_seconds / ours.compile_seconds for real, ours in pairs)
        stepping = _mean(real.step_seconds / ours.step_seconds for real, ours in pairs)
        machine = _common(compiling, stepping)
        return Timing(
            estimate.compile_seconds * machine * _bounded(compiling / machine),
            estimate.step_seconds * machine * _bounded(stepping / machine),
        )

    def estimate(self, plan: Plan) -> Timing:
        """Estimate the times of a plan before any was tried."""
        compile_seconds = LOOP_OPERATION_SECONDS * OTHER_OPERATIONS if plan.form is Form.GRAPH else XLA_SECONDS
        step_seconds = self.flops_per_step / FLOPS_PER_SECOND
        for recurrence in self.recurrences:
            times = _times_in_graph(recurrence, plan) if plan.form is Form.GRAPH else _times_in_xla(recurrence, plan)
            compile_seconds += times.compile_seconds
            step_seconds += times.step_seconds
        if plan.form is Form.XLA and self.has_smaller_batch:
            compile_seconds *= TWO_BATCH_SIZES
        return Timing(compile_seconds, step_seconds)


def _times_in_graph(recurrence: Recurrence, plan: Plan) -> Timing:
    cell, num_directions = CELLS[recurrence.cell], recurrence.num_directions
    num_time_steps = num_directions * recurrence.num_time_steps
    if plan.is_unrolled or recurrence.is_unrolled:
        num_operations = num_directions * OPERATIONS_BESIDE_UNROLLED + num_time_steps * cell.unrolled_operations
        return Timing(UNROLLED_OPERATION_SECONDS * num_operations, num_time_steps * cell.unrolled_seconds)
    at_once = TWO_LOOPS / 2 if num_directions > 1 else 1.0
    return Timing(
        LOOP_OPERATION_SECONDS * num_directions * cell.loop_operations, at_once * num_time_steps * cell.loop_seconds
    )


def _times_in_xla(recurrence: Recurrence, plan: Plan) -> Timing:
    cell = CELLS[recurrence.cell]
    num_time_steps = recurrence.num_directions * recurrence.num_time_steps
    if plan.is_unrolled or recurrence.is_unrolled:
        return Timing(
            XLA_UNROLLED_OPERATION_SECONDS * num_time_steps * cell.unrolled_operations,
            XLA_UNROLLED_SHARE * num_time_steps * cell.xla_seconds,
        )
    return Timing(recurrence.num_directions * cell.xla_compile_seconds, num_time_steps * cell.xla_seconds)


def _mean(ratios: Iterable[float]) -> float:
    """Return the geometric mean of some ratios; 1 of none."""
    logarithms = [log(max(ratio, 1e-9)) for ratio in ratios]
    return exp(sum(logarithms) / len(logarithms)) if logarithms else 1.0


def _common(one: float, other: float) -> float:
    """Return the factor that two ratios have in common; 1 if one is above 1 and the other below."""
    return min(one, other) if min(one, other) > 1 else min(1.0, max(one, other))


def _bounded(ratio: float) -> float:
    return max(1 / LARGEST_SURPRISE, min(ratio, LARGEST_SURPRISE))


def make_forecast(planning: Planning, recurrences: tuple[Recurrence, ...], length: FitLength) -> Forecast:
    """Make the forecast for a network and a fit of this length."""
    if has_gpu() or not recurrences:
        return MeasuredForecast(planning.has_small_steps)
    has_smaller_batch = length.num_samples % length.batch_size > 0
    return RecurrentForecast(recurrences, planning.flops_per_step, has_smaller_batch=has_smaller_batch)
