"""Training of a network: the arguments of `Model.compile` and `Model.fit`, with Keras's names and defaults."""

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
from core.specs.layer_names import LayerNames
from core.specs.losses import NamedLoss
from core.specs.metrics import METRICS, AnyMetricName
from core.specs.optimizers import Optimizer, RmsProp

PlanName = Literal["auto", "xla", "xla-unrolled", "graph", "graph-unrolled", "step", "stream"]
"""xla: many steps as one XLA program; graph: many steps in one graph; step: one step per call; stream: batches
prefetched from the host. `-unrolled`: with recurrent layers unrolled."""

PLANS_FOR_DEVICES = ("auto", "graph", "step", "stream")
"""Plans that run on several devices; an XLA program runs on one."""
MAX_DEVICES = 64

PrecisionName = Literal["float32", "mixed_float16", "mixed_bfloat16"]
"""Keras's dtype policies: the mixed ones compute in 16 bits and keep weights in 32."""

RecordName = Literal["gradient_norms", "activations", "weights"]
"""Statistics of a layer that are recorded at each step."""

VALIDATION = "val_"
"""Prefix of the names of validation metrics."""


class EarlyStopping(SpecModel):
    """Stop training when a monitored metric has stopped improving."""

    monitor: Annotated[str, Field(pattern=r"^(val_)?[a-z0-9_]+$", max_length=64)] = "val_loss"
    """Metric to monitor: `loss` or the name of a metric, with the prefix `val_` for the validation samples."""
    min_delta: NonNegativeFloat = 0.0
    patience: Annotated[NonNegativeInt, Field(examples=[5])] = 0
    """Number of epochs with no improvement after which training is stopped."""
    mode: Literal["auto", "min", "max"] = "auto"
    restore_best_weights: Bool = False
    start_from_epoch: NonNegativeInt = 0

    @property
    def watches_validation(self) -> bool:
        """True if a validation metric is monitored."""
        return self.monitor.startswith(VALIDATION)

    @property
    def measure(self) -> str:
        """Name of the monitored metric, without prefix: `loss` or the name of a metric."""
        return self.monitor.removeprefix(VALIDATION)

    @property
    def is_rising(self) -> bool:
        """True if higher is better."""
        if self.mode != "auto":
            return self.mode == "max"
        return self.measure != "loss" and METRICS[self.measure].rises


def _check_class_weight(value: Any) -> Any:
    """Reject anything but `balanced` or an object; of an object with mistakes, keep those that are listed."""
    if isinstance(value, dict):
        names_are_readable = all(
            isinstance(name, str) and len(name) <= LONGEST_NAME and name == printable(name) for name in value
        )
        if not names_are_readable:
            raise PydanticCustomError(
                "class_name", "Expected labels or numbers of classes as names; got a name that cannot be one."
            )
        wrong = [name for name, weight in value.items() if not _is_positive(weight)]
        return {name: value[name] for name in wrong[:NUM_LISTED]} or value
    if value is not None and value != "balanced":
        raise PydanticCustomError("class_weight_type", "Input should be 'balanced' or an object with a weight by class")
    return value


def _is_positive(weight: Any) -> bool:
    return type(weight) in {int, float} and 0 < weight <= FLOAT32_MAX


def _form(value: Any) -> str:
    return "by_class" if isinstance(value, dict) else "by_name"


ClassWeightsByName = Annotated[dict[str, PositiveFloat], Field(min_length=1, examples=[{"setosa": 2}])]
ClassWeight = Annotated[
    Annotated[Literal["balanced"], Tag("by_name")] | Annotated[ClassWeightsByName, Tag("by_class")],
    Discriminator(_form),
]


class Training(SpecModel):
    """Optimizer, loss, metrics and length of a training."""

    optimizer: Optimizer = RmsProp(name="rmsprop")
    loss: Annotated[NamedLoss, Field(examples=["mean_squared_error"])]
    metrics: Annotated[tuple[AnyMetricName, ...], Field(max_length=20, examples=[["accuracy"]]), at_most(20)] = ()
    epochs: Annotated[NonNegativeInt | None, Field(examples=[10])] = None
    """Number of epochs; 1 if neither `epochs` nor `steps` is given. 0 evaluates the network without training it."""
    steps: Annotated[NonNegativeInt | None, Field(examples=[1000])] = None
    """Total number of training steps, instead of `epochs`."""
    steps_per_epoch: PositiveInt | None = None
    """Number of steps in an epoch; null for one pass over the training samples."""
    batch_size: PositiveInt | Literal["full"] = 32
    """Number of samples per step; `full` for all training samples."""
    shuffle: Bool = True
    """Shuffle the training samples before each epoch."""
    validation_freq: PositiveInt = 1
    """Number of epochs from one validation to the next."""
    early_stopping: EarlyStopping | None = None
    class_weight: Annotated[ClassWeight | None, BeforeValidator(_check_class_weight), Field(examples=["balanced"])] = (
        None
    )
    """Weights of classes in the training loss, by label; 1 for a class that is not named. A label that is a number may
    be written in any way, `1` for 1.0. Where no label is a number, the number of a class, from 0, stands for it too.
    `balanced` gives every class the same total weight."""
    frozen_layers: LayerNames = ()
    """Layers whose weights are not trained (Keras: `trainable = False`), by the names that a dry run lists; `conv2d_*`
    for all whose names begin so. A frozen batch normalisation uses its moving mean and variance."""
    record: Annotated[tuple[RecordName, ...], Field(max_length=3, examples=[["gradient_norms"]]), at_most(3)] = ()
    """Statistics to record at each step: the norm of each layer's gradient; the mean, standard deviation and share of
    zeros of its output; or every weight of a small network."""
    curve_points: Annotated[PositiveInt | Literal["all"] | None, Field(examples=["all", 10_000])] = None
    """Most points of a curve, evenly spaced: `all` for every step; null for 2,000, and fewer of many recorded
    statistics. First and last are always kept."""
    precision: PrecisionName = "float32"
    """Precision of the computation in training; weights, last activation, loss and saved model are float32."""
    plan: PlanName = "auto"
    """Execution plan of the steps; all plans give the same results up to rounding. `auto` chooses the fastest."""
    devices: Annotated[PositiveInt, Field(le=MAX_DEVICES)] = 1
    """Number of GPUs; each computes an equal share of every batch. More than one is faster only for large steps."""

    @model_validator(mode="after")
    def _one_length(self) -> "Training":
        if self.epochs is not None and self.steps is not None:
            raise ValueError("Expected epochs or steps; got both. Remove one")
        if len(set(self.metrics)) != len(self.metrics):
            raise ValueError("A metric is named twice in metrics. Name it once")
        if len(set(self.frozen_layers)) != len(self.frozen_layers):
            raise ValueError("A layer is named twice in frozen_layers. Name it once")
        if len(set(self.record)) != len(self.record):
            raise ValueError("A name is listed twice in record. List it once")
        if self.devices > 1 and self.record:
            raise ValueError("Recording works on one device only. Set devices to 1, or leave record out")
        if self.devices > 1 and self.plan not in PLANS_FOR_DEVICES:
            raise ValueError(
                f"Expected one of the plans {', '.join(PLANS_FOR_DEVICES)} for several devices; got '{self.plan}'"
            )
        return self

    @property
    def num_epochs_asked(self) -> int | None:
        """Number of epochs; None if the length is given in steps."""
        if self.steps is not None:
            return None
        return 1 if self.epochs is None else self.epochs
