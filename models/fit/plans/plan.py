"""The ways to compute a fit, and which of them are worth considering for a network."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from models.fit.plans.cache import PlanCache
from models.runtime import has_gpu, keras


class Form(StrEnum):
    """Work of one call to TensorFlow."""

    GRAPH = "graph"
    """Many steps, in a graph."""
    XLA = "xla"
    """Many steps, as one XLA program."""
    STEP = "step"
    """One step, in a graph."""
    STREAM = "stream"
    """Some steps, in a graph, their samples read ahead of them."""


MAX_UNROLLED_STEPS = {Form.GRAPH: 32, Form.XLA: 10}
"""Time steps of a sequence up to which recurrent layers are written out. XLA takes minutes for what a graph takes in
a second: for an LSTM over 20 steps more than 100 s."""


GENERATION = 2
"""Grows when plans come to compute a step otherwise: what was timed before means nothing then."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One way to compute a fit.

    Attributes:
        form: What one call runs.
        is_unrolled: Whether recurrent layers are written out time step by time step.
    """

    form: Form
    is_unrolled: bool = False

    @property
    def name(self) -> str:
        """As a spec and the report of a run have it, such as `xla-unrolled`."""
        return f"{self.form}-unrolled" if self.is_unrolled else str(self.form)


PLANS = {plan.name: plan for plan in (*map(Plan, Form), *(Plan(form, is_unrolled=True) for form in MAX_UNROLLED_STEPS))}
"""By name; those of a spec are in core/specs/training.py."""


def plan_of(name: str) -> Plan:
    """The plan of this name."""
    return PLANS[name]


def list_candidates(network: Any, *, fits_on_device: bool, is_mirrored: bool = False) -> list[Plan]:
    """The plans to choose from; the first takes least to get going.

    Args:
        network: A keras.Model.
        fits_on_device: Whether the training samples can lie on the device.
        is_mirrored: Whether several devices share the work; an XLA program runs on one.
    """
    if not fits_on_device:
        return [Plan(Form.STREAM)]
    if is_mirrored:
        return [Plan(Form.GRAPH)]
    if has_gpu():
        # Recurrent kernels of a GPU take whole sequences, and are lost when a layer is written out.
        return [Plan(Form.GRAPH), Plan(Form.XLA), Plan(Form.STEP)]
    num_time_steps = _count_time_steps(network)
    graph, xla = (Plan(form, 0 < num_time_steps <= MAX_UNROLLED_STEPS[form]) for form in (Form.GRAPH, Form.XLA))
    # XLA computes convolutions on a processor in one thread and plain loops: up to a hundred times as long.
    return [graph] if any(map(_is_convolution, list_layers(network))) else [graph, xla]


def list_layers(network: Any) -> list[Any]:
    """All layers, those within others too."""
    return list(network._flatten_layers(include_self=False))  # noqa: SLF001 - Keras has no public name for it.


def _count_time_steps(network: Any) -> int:
    """Time steps of the longest sequence that a recurrent layer takes; 0 where there is none."""
    recurrent = (keras.layers.RNN, keras.layers.Bidirectional)
    return max((int(layer.input.shape[1]) for layer in network.layers if isinstance(layer, recurrent)), default=0)


def _is_convolution(layer: Any) -> bool:
    return str(type(layer).__module__).startswith(("keras.src.layers.convolutional", "keras.src.layers.pooling"))


SMALL_STEP_FLOPS = 20_000_000


@dataclass(frozen=True, slots=True)
class Planning:
    """Knowledge by which a plan is chosen.

    Attributes:
        network: What the network is, in a word that is the same whenever timings would be.
        flops_per_step: Floating-point operations of one step, forward and backward, roughly.
        cache: What earlier runs found.
    """

    network: str = ""
    flops_per_step: int = 0
    cache: PlanCache = field(default_factory=lambda: PlanCache(None))

    @property
    def has_small_steps(self) -> bool:
        """True where the work around the arithmetic of a step weighs more than the arithmetic."""
        return self.flops_per_step < SMALL_STEP_FLOPS
