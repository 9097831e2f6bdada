"""Training of a network: the arguments of `Model.compile` and `Model.fit`, by Keras's names and defaults."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from core.specs.base import (
    FLOAT32_MAX,
    LONGEST_NAME,
    NUM_LISTED,
    Bool,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SpecModel,
    at_most,
    printable,
)
from core.specs.losses import NamedLoss
from core.specs.metrics import METRICS, AnyMetricName
from core.specs.optimizers import Optimizer, RmsProp

PlanName = Literal["auto", "xla", "xla-unrolled", "graph", "graph-unrolled", "step", "stream"]
"""xla: many steps as one XLA program; graph: many steps in one graph; step: one step a call; stream: samples read in
batches ahead of need. `-unrolled`: recurrent layers written out time step by time step."""

PLANS_FOR_DEVICES = ("auto", "graph", "step", "stream")
"""Those that several devices can share; an XLA program runs on one."""
MAX_DEVICES = 64

PrecisionName = Literal["float32", "mixed_float16", "mixed_bfloat16"]
"""Keras's dtype policies: mixed ones compute in 16 bits and keep weights in 32."""

RecordName = Literal["gradient_norms", "activations", "weights"]
"""What goes on inside the network, for each layer and step."""

VALIDATION = "val_"
"""In front of the name of what is measured on the validation samples."""


class EarlyStopping(SpecModel):
    """Ends training when a measure has stopped improving."""

    monitor: Annotated[str, Field(pattern=r"^(val_)?[a-z0-9_]+$", max_length=64)] = "val_loss"
    """`loss` or a metric's name; with `val_` in front, on the validation samples."""
    min_delta: NonNegativeFloat = 0.0
    patience: NonNegativeInt = 0
    """Epochs without improvement that are waited for."""
    mode: Literal["auto", "min", "max"] = "auto"
    restore_best_weights: Bool = False
    start_from_epoch: NonNegativeInt = 0

    @property
    def watches_validation(self) -> bool:
        """True where the measure is watched on the validation samples."""
        return self.monitor.startswith(VALIDATION)

    @property
    def measure(self) -> str:
        """`loss` or the name of a metric."""
        return self.monitor.removeprefix(VALIDATION)

    @property
    def is_rising(self) -> bool:
        """True where the measure improves when it rises."""
        if self.mode != "auto":
            return self.mode == "max"
        return self.measure != "loss" and METRICS[self.measure].rises


def _check_class_weight(value: Any) -> Any:
    """Reject what is no choice of weights as a whole, and an object full of mistakes after those that are listed."""
    if isinstance(value, dict):
        names_are_readable = all(
            isinstance(name, str) and len(name) <= LONGEST_NAME and name == printable(name) for name in value
        )
        if not names_are_readable:
            raise PydanticCustomError("class_name", "Input should be weights by label or number of a class")
        wrong = [name for name, weight in value.items() if not _is_positive(weight)]
        return {name: value[name] for name in wrong[:NUM_LISTED]} or value
    if value is not None and value != "balanced":
        raise PydanticCustomError("class_weight_type", "Input should be 'balanced' or an object with weights by class")
    return value


def _is_positive(weight: Any) -> bool:
    return type(weight) in {int, float} and 0 < weight <= FLOAT32_MAX


def _form(value: Any) -> str:
    return "by_class" if isinstance(value, dict) else "by_name"


ClassWeightsByName = Annotated[dict[str, PositiveFloat], Field(min_length=1)]
ClassWeight = Annotated[
    Annotated[Literal["balanced"], Tag("by_name")] | Annotated[ClassWeightsByName, Tag("by_class")],
    Discriminator(_form),
]


class Training(SpecModel):
    """Optimizer, loss, metrics and how long."""

    optimizer: Optimizer = RmsProp(name="rmsprop")
    loss: NamedLoss
    metrics: Annotated[tuple[AnyMetricName, ...], Field(max_length=20), at_most(20)] = ()
    epochs: NonNegativeInt | None = None
    """Passes over the training samples; 1 where neither `epochs` nor `steps` is given. 0: the network is measured as it
    is."""
    steps: NonNegativeInt | None = None
    """Batches in all, instead of `epochs`."""
    steps_per_epoch: PositiveInt | None = None
    """Batches that count as an epoch; null: as many as the training samples fill."""
    batch_size: PositiveInt | Literal["full"] = 32
    """Samples per step; `full` takes all of them in each step."""
    shuffle: Bool = True
    """Draw a new order of the training samples every epoch."""
    validation_freq: PositiveInt = 1
    """Measure the validation samples every so many epochs."""
    early_stopping: EarlyStopping | None = None
    class_weight: Annotated[ClassWeight | None, BeforeValidator(_check_class_weight)] = None
    """What samples of a class count in the training loss, by the class's label or number; classes not named count 1.
    `balanced` lets every class count the same in all."""
    record: Annotated[tuple[RecordName, ...], at_most(3)] = ()
    """Curves per step of what goes on inside: the length of each layer's gradient, mean, spread and zeros of what
    comes out of it, or every single weight of a small network."""
    precision: PrecisionName = "float32"
    """What the network computes in while it is trained; weights, last activation, loss and saved model stay float32."""
    plan: PlanName = "auto"
    """How the steps are computed; all plans give the same numbers up to rounding. `auto` takes the fastest."""
    devices: Annotated[PositiveInt, Field(le=MAX_DEVICES)] = 1
    """GPUs that share each batch equally. More than one pays for large steps only."""

    @model_validator(mode="after")
    def _one_length(self) -> "Training":
        if self.epochs is not None and self.steps is not None:
            raise ValueError("Give epochs or steps, not both")
        if len(set(self.metrics)) != len(self.metrics):
            raise ValueError("metrics names one of its metrics twice")
        if len(set(self.record)) != len(self.record):
            raise ValueError("record names one of its kinds twice")
        if self.devices > 1 and self.record:
            raise ValueError("record needs devices to be 1: what each of several devices sees is not put together")
        if self.devices > 1 and self.plan not in PLANS_FOR_DEVICES:
            raise ValueError(f"plan must be one of {', '.join(PLANS_FOR_DEVICES)} where devices is more than 1")
        return self

    @property
    def num_epochs_asked(self) -> int | None:
        """Epochs, where the length is given in epochs."""
        if self.steps is not None:
            return None
        return 1 if self.epochs is None else self.epochs
