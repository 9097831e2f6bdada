"""Bodies about presets, checked specs and experiments."""

from datetime import datetime
from typing import Any

from api.schemas.base import AnswerModel
from core.catalogue.figures import Figure, PublishedTime
from core.run_state import RunState


class PresetEntry(AnswerModel):
    """A spec that is ready to run, and what to expect of it."""

    name: str
    title: str
    teaches: str
    published: str
    """The figure that a run should reproduce, in words."""
    figures: list[Figure]
    """The same as bounds on metrics and predictions; a run that keeps within all of them has reproduced it."""
    published_time: PublishedTime | None
    """How long the published run took, where that is known."""
    num_seeds: int
    """How many seeds a reproduction tries."""
    chart: str
    """Key of the metric that compares the variants best."""
    expected_seconds: float
    """Time to train on two CPU cores, roughly."""
    spec: dict[str, Any]
    """As it was written; defaults are left out."""
    variants: dict[str, dict[str, Any]]
    """What to try: a name to send as `variant`, and the merge patch on the spec it stands for."""


class PresetList(AnswerModel):
    """The catalogue."""

    items: list[PresetEntry]


class Layer(AnswerModel):
    """A layer of a network."""

    name: str
    type: str
    output_shape: list[int | None]
    """Batch axis first; null is any size."""
    num_parameters: int
    flops: int
    """Floating-point operations of one sample's forward pass, roughly."""


class SpecReport(AnswerModel):
    """What a spec says when it is worked out."""

    spec: dict[str, Any]
    """With every default filled in."""
    layers: list[Layer]
    expanded_model: dict[str, Any] | None
    """For a network known by a name, the same layer by layer: a `model` to copy into a spec and change. Else null."""
    num_parameters: int
    num_train: int
    num_validation: int
    num_test: int
    batch_size: int
    steps_per_epoch: int
    num_epochs: int
    num_steps: int
    flops_per_step: int
    memory_bytes: int
    """Memory a trainer will need, roughly."""
    warnings: list[str]


class Experiment(AnswerModel):
    """A named group of runs."""

    name: str
    created_at: datetime
    num_runs: int
    runs_by_state: dict[RunState, int]


class ExperimentPage(AnswerModel):
    """A page of experiments, by name."""

    items: list[Experiment]
    next_cursor: str | None
