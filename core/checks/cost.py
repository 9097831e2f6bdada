"""Cost of a spec, checked against the limits of this service before a run is queued."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from core.checks.fit import CheckedParts, check_parts
from core.checks.length import locate_length, measure_length
from core.checks.recording import count_points
from core.datasets.base import UploadedDataset
from core.datasets.shape import DatasetShape
from core.errors import OverLimit, Problem
from core.experiment import ExperimentSpec
from core.networks.layer_table import LayerRow
from core.notices import Notice
from core.settings import Settings
from core.uploads.description import DatasetDescription

BYTES_PER_NUMBER = 4

COPIES_OF_WEIGHTS = 4
"""Weights, gradients and at most two moments of an optimizer."""

FRAMEWORK_BYTES = 600 * 1024 * 1024
"""Memory of a trainer before a network is built."""

MOST_UPLOADED_BYTES = 2 * 1024 * 1024 * 1024
"""Most memory of uploaded samples; a trainer keeps more of them in files (models.arrays.storage)."""

FORWARD_AND_BACKWARD = 3
"""Cost of a step in forward passes; a backward pass costs about two: one for the inputs, one for the weights."""


@dataclass(frozen=True, slots=True)
class SpecReport:
    """Sizes, length and cost of a spec.

    Attributes:
        layers: Layers of the network in order.
        num_parameters: Number of weights.
        num_trainable_parameters: Number of weights that training changes by their gradients.
        num_train: Number of training samples.
        num_validation: Number of validation samples.
        num_test: Number of test samples.
        batch_size: Number of samples in a full batch.
        steps_per_epoch: Number of steps in an epoch.
        num_epochs: Number of epochs; the last may be shorter if the length is given in steps.
        num_steps: Total number of training steps.
        num_curve_points: Points of all curves, if the spec asks for a number; 0 otherwise.
        flops_per_step: Approximate floating-point operations of a step, forward and backward.
        memory_bytes: Approximate memory that a trainer needs.
        warnings: Probable mistakes in a valid spec.
    """

    layers: tuple[LayerRow, ...]
    num_parameters: int
    num_trainable_parameters: int
    num_train: int
    num_validation: int
    num_test: int
    batch_size: int
    steps_per_epoch: int
    num_epochs: int
    num_steps: int
    num_curve_points: int
    flops_per_step: int
    memory_bytes: int
    warnings: tuple[Notice, ...]


def check_spec(spec: ExperimentSpec, settings: Settings, description: DatasetDescription | None = None) -> SpecReport:
    """Validate a spec, estimate its cost and check it against the limits.

    Args:
        spec: Spec to check.
        settings: Limits.
        description: Description of the uploaded dataset, if the spec names one.

    Raises:
        DatasetMissing: If the spec names an uploaded dataset that has no description.
        InvalidSpec: If the network, the data and the loss do not fit together.
        OverLimit: If it exceeds a limit of the settings.
    """
    shape = spec.dataset.shape(description)
    report = _estimate(spec, shape, check_parts(spec, shape))
    _check_limits(spec, report, settings)
    return report


def _estimate(spec: ExperimentSpec, shape: DatasetShape, parts: CheckedParts) -> SpecReport:
    layers = parts.layers
    length = measure_length(spec.training, shape.num_train)
    num_parameters = sum(layer.num_parameters for layer in layers)
    num_samples = shape.num_train + shape.num_validation + shape.num_test
    numbers_per_sample = prod(shape.input_shape) + prod(shape.network_input_shape) + prod(shape.target_shape)
    activations = sum(prod(layer.output_shape) for layer in layers)
    sample_numbers = num_samples * numbers_per_sample
    if isinstance(spec.dataset, UploadedDataset):
        sample_numbers = min(sample_numbers, MOST_UPLOADED_BYTES // BYTES_PER_NUMBER)
    num_frozen = sum(layer.num_parameters for layer in layers if layer.is_frozen)
    weights = COPIES_OF_WEIGHTS * (num_parameters - num_frozen) + num_frozen
    numbers = weights + sample_numbers + 2 * length.batch_size * activations
    return SpecReport(
        layers=layers,
        num_parameters=num_parameters,
        num_trainable_parameters=sum(layer.num_trainable_parameters for layer in layers),
        num_train=shape.num_train,
        num_validation=shape.num_validation,
        num_test=shape.num_test,
        batch_size=length.batch_size,
        steps_per_epoch=length.steps_per_epoch,
        num_epochs=length.num_epochs,
        num_steps=length.num_steps,
        num_curve_points=count_points(spec.training, layers, length),
        flops_per_step=count_step_flops(layers, length.batch_size),
        memory_bytes=FRAMEWORK_BYTES + BYTES_PER_NUMBER * numbers,
        warnings=(*shape.warnings, *parts.warnings, *_training_warnings(spec, shape)),
    )


def count_step_flops(layers: Sequence[LayerRow], batch_size: int) -> int:
    """Estimate the floating-point operations of a training step, forward and backward.

    Gradients go back to the first layer that is trained; frozen layers after it have none of their weights.
    """
    first = 0
    if any(layer.is_frozen for layer in layers):
        first = next(place for place, layer in enumerate(layers) if layer.num_trainable_parameters)
    forward = sum(layer.flops for layer in layers[:first])
    both = sum((FORWARD_AND_BACKWARD - layer.is_frozen) * layer.flops for layer in layers[first:])
    return batch_size * (forward + both)


def _training_warnings(spec: ExperimentSpec, shape: DatasetShape) -> tuple[Notice, ...]:
    warnings = []
    batch_size = spec.training.batch_size
    if batch_size != "full" and batch_size > shape.num_train:
        detail = f"batch_size {batch_size} exceeds the {shape.num_train} training samples: each step takes all of them."
        warnings.append(Notice("batch_exceeds_samples", "/training/batch_size", detail))
    if spec.training.record and 0 in {spec.training.steps, spec.training.epochs}:
        detail = "training.record records training steps, but this run has none."
        warnings.append(Notice("nothing_to_record", "/training/record", detail))
    return tuple(warnings)


def _check_limits(spec: ExperimentSpec, report: SpecReport, settings: Settings) -> None:
    place, remedy = locate_length(spec.training)
    asked = [
        *_samples_asked(spec, settings.max_samples),
        _Asked(
            "/model",
            "parameters",
            report.num_parameters,
            settings.max_parameters,
            "MAX_PARAMETERS",
            "Use fewer layers, units or filters.",
        ),
        _Asked(place, "epochs", report.num_epochs, settings.max_epochs, "MAX_EPOCHS", remedy),
        _Asked(place, "training steps", report.num_steps, settings.max_steps, "MAX_STEPS", remedy),
        _Asked(
            "/training/curve_points",
            "points of curves",
            report.num_curve_points,
            settings.max_curve_points,
            "MAX_CURVE_POINTS",
            "Lower curve_points, or record fewer statistics.",
        ),
        _Asked(
            "",
            "bytes of memory",
            report.memory_bytes,
            settings.max_memory_bytes,
            "MAX_MEMORY_BYTES",
            "Use a smaller batch_size, fewer samples or a smaller network.",
        ),
    ]
    problems = [Problem(one.pointer, one.detail, "over_limit") for one in asked if one.number > one.limit]
    if problems:
        raise OverLimit(" ".join(problem.detail for problem in problems), problems)


def _samples_asked(spec: ExperimentSpec, limit: int) -> list["_Asked"]:
    return [
        _Asked(f"/dataset/{field}", "samples", number, limit, "MAX_SAMPLES", f"Lower {field}.")
        for field, number in spec.dataset.sizes_asked().items()
    ]


@dataclass(frozen=True, slots=True)
class _Asked:
    """An amount in a spec that has a limit."""

    pointer: str
    what: str
    number: int
    limit: int
    setting: str
    remedy: str

    @property
    def detail(self) -> str:
        return (
            f"The spec asks for {self.number:,} {self.what}; this service allows {self.limit:,} "
            f"(TRAINYARD_{self.setting}). {self.remedy}"
        )
