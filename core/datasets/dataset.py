"""Where a run's samples come from and how they are split."""

from math import prod
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from core.datasets.functions import Function, Polynomial, Sine
from core.datasets.splits import Scaling, Split
from core.datasets.uploaded import ArraysDataset, Augmentation, ImagesDataset, SeriesDataset, TableDataset
from core.specs.base import (
    FLOAT32_MAX,
    Bool,
    Float,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SpecModel,
    cut_after_mistakes,
)

NUM_TRUTH_ROWS = 4
"""Of a logical operation on two inputs."""


class IrisDataset(SpecModel):
    """Fisher's 150 irises (1936): four lengths in centimetres, three species."""

    name: Literal["iris"]
    order: Literal["by_species", "interleaved"] = "by_species"
    """As published, 50 of each species in a row; or one of each species in turn, for a split without `shuffle`."""
    scaling: Scaling = "none"
    split: Split = Split()


class DigitsDataset(SpecModel):
    """The 1,797 8×8 images of handwritten digits that come with scikit-learn; pixels 0 to 16."""

    name: Literal["digits"]
    rescale: Bool = True
    """Divide pixels by 16 in front of the network; the model takes them as they come either way."""
    augmentation: Augmentation = Augmentation()
    split: Split = Split()


class MnistDataset(SpecModel):
    """LeCun's 70,000 28×28 images of handwritten digits, 60,000 for training and 10,000 for test; pixels 0 to 255."""

    name: Literal["mnist"]
    rescale: Bool = True
    """Divide pixels by 255 in front of the network; the model takes them as they come either way."""
    max_train_samples: Annotated[PositiveInt, Field(le=60_000)] = 60_000
    """Use only the first so many training images."""
    max_test_samples: Annotated[PositiveInt, Field(le=10_000)] = 10_000
    augmentation: Augmentation = Augmentation()
    split: Split = Split()


class BinaryAdditionDataset(SpecModel):
    """Pairs of random numbers and their sums, as bits, least significant first.

    A sample is (num_bits, 2) → (num_bits, 1). Operands stay below 2^(num_bits - 1), so that the sum fits.
    """

    name: Literal["binary_addition"]
    num_bits: Annotated[int, Field(ge=2, le=62, strict=True)] = 8
    num_train: PositiveInt = 10_000
    num_test: NonNegativeInt = 9_999
    split: Split = Split()


class PolynomialFeatures(SpecModel):
    """Feed the network the powers of x instead of x."""

    degree: Annotated[int, Field(ge=1, le=20, strict=True)]
    include_bias: Bool = True
    """Begin with x⁰ = 1."""


def _check_size(function: Function, reach: float, noise: float) -> None:
    """Refuse values that float32 can not hold, for the network would only see infinities."""
    # Ten standard deviations: normal noise does not come farther in the life of this service.
    if not function.bound(reach) + 10 * noise <= FLOAT32_MAX:
        raise ValueError(
            f"Values may come up to infinity in float32, which ends at 3.4e38, for x as far from 0 as {reach:g}; "
            "choose smaller numbers or a smaller range of x"
        )


class FunctionDataset(SpecModel):
    """Samples of a function with normal noise: a regression."""

    name: Literal["function"]
    function: Function
    num_samples: PositiveInt = 100
    low: Float = -1.0
    """Least value of x (of each component, where x has several)."""
    high: Float = 1.0
    sampling: Literal["uniform", "grid"] = "uniform"
    """Draw x at random, or take evenly spaced values from `low` to just below `high`."""
    noise: NonNegativeFloat = 0.0
    """Standard deviation of the noise added to each target."""
    polynomial_features: PolynomialFeatures | None = None
    scaling: Scaling = "none"
    split: Split = Split()

    @model_validator(mode="after")
    def _check_inputs(self) -> "FunctionDataset":
        if self.low >= self.high:
            raise ValueError(f"low ({self.low}) must be below high ({self.high})")
        if self.function.type == "linear" and len(self.function.weights) > 1:
            if self.sampling == "grid":
                raise ValueError("A function of several numbers can only be sampled with sampling 'uniform'")
            if self.polynomial_features is not None:
                raise ValueError("polynomial_features needs a function of one number")
        reach = max(abs(self.low), abs(self.high))
        _check_size(self.function, reach, self.noise)
        if self.polynomial_features is not None:
            powers = Polynomial(type="polynomial", coefficients=(0.0,) * self.polynomial_features.degree + (1.0,))
            _check_size(powers, reach, 0.0)
        return self


class TimeSeriesDataset(SpecModel):
    """Windows cut from a function of time, for predicting what follows.

    A sample is (window, 1) → the value `horizon` steps after the window, or after each of its steps.
    """

    name: Literal["time_series"]
    function: Function = Sine(type="sine")
    num_points: PositiveInt = 1_000
    time_step: PositiveFloat = 0.1
    noise: NonNegativeFloat = 0.0
    window: PositiveInt = 20
    horizon: PositiveInt = 1
    targets: Literal["last", "every_step"] = "last"
    split: Split = Split()

    @model_validator(mode="after")
    def _check_lengths(self) -> "TimeSeriesDataset":
        if self.function.type == "linear" and len(self.function.weights) != 1:
            raise ValueError("A time series needs a function of one number")
        if self.num_samples < 1:
            raise ValueError(
                f"num_points ({self.num_points}) must exceed window + horizon - 1 ({self.window + self.horizon - 1})"
            )
        _check_size(self.function, self.num_points * self.time_step, self.noise)
        return self

    @property
    def num_samples(self) -> int:
        """How many windows fit."""
        return self.num_points - self.window - self.horizon + 1


class TruthTableDataset(SpecModel):
    """The four rows of a logical operation on two inputs, 0 or 1."""

    name: Literal["truth_table"]
    operation: Literal["or", "and", "xor", "nand", "nor"]
    repeats: PositiveInt = 1
    """How many times the four rows come among the training samples."""

    @property
    def num_samples(self) -> int:
        """Training samples."""
        return NUM_TRUTH_ROWS * self.repeats


def _rows_of_one(value: Any) -> Any:
    """Let targets of one number be given without brackets around each."""
    if isinstance(value, list) and value and all(isinstance(row, int | float) for row in value):
        return [[row] for row in value]
    return value


def _is_row(value: Any) -> bool:
    numbers = value if isinstance(value, list | tuple) else [value]
    return all(type(number) in {int, float} and abs(number) <= FLOAT32_MAX for number in numbers)


# One mistake a row is enough to find the row by.
Row = Annotated[tuple[Float, ...], Field(min_length=1, fail_fast=True)]

Rows = Annotated[tuple[Row, ...], Field(min_length=1), cut_after_mistakes(_is_row)]

# No control characters: a NUL can not be stored in every database, and none can be read by people.
Label = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]

Labels = Annotated[tuple[Label, ...], Field(fail_fast=True)]


def _is_weight(value: Any) -> bool:
    return type(value) in {int, float} and 0 <= value <= FLOAT32_MAX


SampleWeights = Annotated[tuple[NonNegativeFloat, ...], cut_after_mistakes(_is_weight)]


InputShape = Annotated[tuple[PositiveInt, ...], Field(min_length=2, max_length=3)]


class InlineDataset(SpecModel):
    """A small table written in the spec itself."""

    name: Literal["inline"]
    inputs: Rows
    """Rows of numbers, all of one width."""
    input_shape: InputShape | None = None
    """Makes each row an array: an image (height, width) or (height, width, channels), or a sequence (steps, features);
    the last axis runs fastest. Null: rows stay rows."""
    targets: Annotated[Rows, BeforeValidator(_rows_of_one, json_schema_input_type=Rows | tuple[Float, ...])]
    """Numbers to predict; with `class_labels`, one class number a row, counted from 0."""
    columns: Labels | None = None
    """Names of the input columns, for predictions by name."""
    class_labels: Labels | None = None
    """Makes it a classification."""
    sample_weight: SampleWeights | None = None
    """What each row counts in the loss, held-out rows included; metrics count all rows alike. Null: all count 1."""
    scaling: Scaling = "none"
    split: Split = Split()

    @model_validator(mode="after")
    def _check_table(self) -> "InlineDataset":
        if len(self.inputs) != len(self.targets):
            raise ValueError(f"There are {len(self.inputs)} rows of inputs and {len(self.targets)} of targets")
        for part, rows in (("inputs", self.inputs), ("targets", self.targets)):
            for number, row in enumerate(rows):
                if len(row) != len(rows[0]):
                    raise ValueError(f"Row {number} of {part} has {len(row)} numbers, row 0 has {len(rows[0])}")
        if self.columns is not None and (
            len(self.columns) != len(self.inputs[0]) or len(set(self.columns)) != len(self.columns)
        ):
            raise ValueError(f"columns must be {len(self.inputs[0])} different names, one for each number of a row")
        if self.class_labels is not None:
            self._check_classes(self.class_labels)
        if self.sample_weight is not None:
            if len(self.sample_weight) != len(self.inputs):
                raise ValueError(f"There are {len(self.inputs)} rows of inputs and {len(self.sample_weight)} weights")
            if not any(self.sample_weight):
                raise ValueError("sample_weight is 0 for every row: nothing would be learned")
        return self

    @model_validator(mode="after")
    def _check_arrays(self) -> "InlineDataset":
        if self.input_shape is None:
            return self
        size = prod(self.input_shape)
        if size != len(self.inputs[0]):
            product = "×".join(map(str, self.input_shape))
            raise ValueError(f"input_shape {product} takes {size} numbers, each row has {len(self.inputs[0])}")
        if self.columns is not None or self.scaling != "none":
            raise ValueError("columns and scaling are for rows of a table; leave both out where input_shape is given")
        return self

    def _check_classes(self, labels: tuple[str, ...]) -> None:
        if len(labels) < 2 or len(set(labels)) != len(labels):  # noqa: PLR2004 - fewer than two classes leave no choice
            raise ValueError("class_labels needs at least two different labels")
        for number, row in enumerate(self.targets):
            if len(row) != 1 or not row[0].is_integer() or not 0 <= row[0] < len(labels):
                raise ValueError(f"Row {number} of targets must be one class number from 0 to {len(labels) - 1}")


Dataset = Annotated[
    IrisDataset
    | DigitsDataset
    | MnistDataset
    | BinaryAdditionDataset
    | FunctionDataset
    | TimeSeriesDataset
    | TruthTableDataset
    | InlineDataset
    | TableDataset
    | SeriesDataset
    | ArraysDataset
    | ImagesDataset,
    Field(discriminator="name"),
]
