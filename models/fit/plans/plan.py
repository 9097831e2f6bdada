"""Execution plans of a fit, and the candidates for a network."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from models.fit.plans.cache import PlanCache
from models.fit.plans.recurrences import Recurrence, count_time_steps
from models.runtime import has_gpu


class Form(StrEnum):
    """Work of one call to TensorFlow."""

    GRAPH = "graph"
    """Many steps, in a graph."""
    XLA = "xla"
    """Many steps, as one XLA program."""
    STEP = "step"
    """One step, in a graph."""
    STREAM = "stream"
    """Some steps, in a graph, with prefetched samples."""


MAX_UNROLLED_STEPS = {Form.GRAPH: 32, Form.XLA: 10}
"""Most time steps for which recurrent layers are unrolled. XLA takes minutes to compile what a graph takes a second
for: more than 100 s for an LSTM over 20 steps."""


GENERATION = 3
"""Version of the plans; increase it when a plan changes, to discard earlier timings."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Execution plan of a fit.

    Attributes:
        form: Work of one call.
        is_unrolled: Whether recurrent layers are unrolled.
    """

    form: Form
    is_unrolled: bool = False

    @property
    def name(self) -> str:
        """Name in specs and reports, such as `xla-unrolled`."""
        return f"{self.form}-unrolled" if self.is_unrolled else str(self.form)


PLANS = {plan.name: plan for plan in (*map(Plan, Form), *(Plan(form, is_unrolled=True) for form in MAX_UNROLLED_STEPS))}
"""Plans by name; core/specs/training.py has the names in a spec."""


def plan_of(name: str) -> Plan:
    """Return the plan of this name."""
    return PLANS[name]


def list_candidates(
    network: Any, recurrences: Sequence[Recurrence], *, fits_on_device: bool, is_mirrored: bool = False
) -> list[Plan]:
    """List the plans to choose from; without recurrent layers, the first is the fastest to compile.

    Args:
        network: A keras.Model.
        recurrences: Its recurrent layers.
        fits_on_device: Whether the training samples fit into device memory.
        is_mirrored: Whether several devices share each batch; an XLA program runs on one.
    """
    if not fits_on_device:
        return [Plan(Form.STREAM)]
    if is_mirrored:
        return [Plan(Form.GRAPH)]
    if has_gpu():
        # Recurrent GPU kernels process whole sequences, and are not used in unrolled layers.
        return [Plan(Form.GRAPH), Plan(Form.XLA), Plan(Form.STEP)]
    # XLA on a processor computes convolutions in one thread with plain loops: up to a hundred times slower.
    forms = [Form.GRAPH] if any(map(_is_convolution, list_layers(network))) else [Form.GRAPH, Form.XLA]
    num_time_steps = count_time_steps(recurrences)
    unrolled = [Plan(form, is_unrolled=True) for form in forms if 0 < num_time_steps <= MAX_UNROLLED_STEPS[form]]
    return [*map(Plan, forms), *unrolled]


def list_layers(network: Any) -> list[Any]:
    """List all layers, including nested ones."""
    return list(network._flatten_layers(include_self=False))  # noqa: SLF001 - Keras has no public name for it.


def _is_convolution(layer: Any) -> bool:
    return str(type(layer).__module__).startswith(("keras.src.layers.convolutional", "keras.src.layers.pooling"))


SMALL_STEP_FLOPS, SMALL_TIME_STEP_FLOPS = 20_000_000, 4_000_000
"""Floating-point operations below which the overhead of a step, or of a time step within it, exceeds its arithmetic."""


@dataclass(frozen=True, slots=True)
class Planning:
    """Information for the choice of a plan.

    Attributes:
        network: Key of the network, equal for fits with equal timings.
        flops_per_step: Approximate floating-point operations of a step, forward and backward.
        cache: Timings of earlier runs.
    """

    network: str = ""
    flops_per_step: int = 0
    cache: PlanCache = field(default_factory=lambda: PlanCache(None))

    @property
    def has_small_steps(self) -> bool:
        """True if the overhead of a step exceeds its arithmetic."""
        return self.flops_per_step < SMALL_STEP_FLOPS

    def has_small_operations(self, num_time_steps: int) -> bool:
        """Return whether the same holds for the operations of a step, which recurrent layers divide into time steps."""
        return self.flops_per_step < max(SMALL_STEP_FLOPS, SMALL_TIME_STEP_FLOPS * num_time_steps)
