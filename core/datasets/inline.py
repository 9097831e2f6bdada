"""Table of numbers in the spec itself."""

from collections import Counter
from math import isfinite, prod
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, PlainValidator, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError

from core.datasets.base import BuiltInDataset, Scaling
from core.datasets.shape import DatasetShape
from core.datasets.splits import Split, count_split
from core.datasets.target_warnings import warn_of_classes
from core.notices import Notice
from core.signatures.labels import Label, are_different, label_text
from core.signatures.signature import InputKind, Task
from core.specs.base import FLOAT32_MAX, Float, NonNegativeFloat, PositiveInt, cut_after_mistakes
from core.uploads.description import ValueCount


def _rows_of_one(value: Any) -> Any:
    """Accept targets of one number without brackets around each."""
    if isinstance(value, list) and value and all(isinstance(row, int | float) for row in value):
        return [[row] for row in value]
    return value


def _is_row(value: Any) -> bool:
    numbers = value if isinstance(value, list | tuple) else [value]
    return all(type(number) in {int, float} and abs(number) <= FLOAT32_MAX for number in numbers)


# One mistake per row is enough to find the row.
Row = Annotated[tuple[Float, ...], Field(min_length=1, fail_fast=True)]

Rows = Annotated[tuple[Row, ...], Field(min_length=1), cut_after_mistakes(_is_row)]

# No control characters: some databases cannot store a NUL, and people cannot read the others.
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]

Names = Annotated[tuple[Name, ...], Field(fail_fast=True)]

_NAME: TypeAdapter[str] = TypeAdapter(Name)

LEAST_INTEGER, GREATEST_INTEGER = -(2**63), 2**63 - 1


def _read_label(value: Any) -> Label:
    if isinstance(value, bool) or (isinstance(value, int) and LEAST_INTEGER <= value <= GREATEST_INTEGER):
        return value
    if isinstance(value, float) and isfinite(value):
        return value
    if isinstance(value, str):
        return _NAME.validate_python(value)
    raise PydanticCustomError("label_type", "Input should be text, a number below 2^63, true or false")


ClassLabel = Annotated[Label, PlainValidator(_read_label, json_schema_input_type=Name | int | float | bool)]

ClassLabels = Annotated[tuple[ClassLabel, ...], Field(fail_fast=True)]


def _is_weight(value: Any) -> bool:
    return type(value) in {int, float} and 0 <= value <= FLOAT32_MAX


SampleWeights = Annotated[tuple[NonNegativeFloat, ...], cut_after_mistakes(_is_weight)]


InputShape = Annotated[tuple[PositiveInt, ...], Field(min_length=2, max_length=3)]


class InlineDataset(BuiltInDataset):
    """Small table of numbers in the spec itself."""

    about: ClassVar[str] = "A small table of numbers in the spec itself."

    name: Literal["inline"]
    inputs: Annotated[Rows, Field(examples=[[[0, 0], [0, 1]]])]
    """Rows of numbers, all of the same length."""
    input_shape: InputShape | None = None
    """Reshape each row to an image (height, width) or (height, width, channels), or to a sequence (steps, features), in
    row-major order. Null: rows stay rows."""
    targets: Annotated[
        Rows, BeforeValidator(_rows_of_one, json_schema_input_type=Rows | tuple[Float, ...]), Field(examples=[[0, 1]])
    ]
    """Numbers to predict; with `class_labels`, one class number per row, from 0."""
    columns: Names | None = None
    """Names of the input columns, for predictions by name."""
    class_labels: ClassLabels | None = None
    """Labels of the classes, text, numbers or truth values; makes the task a classification."""
    sample_weight: SampleWeights | None = None
    """Weight of each row in the loss, held-out rows included; metrics weight all rows equally. Null: 1 for each row."""
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
                raise ValueError("sample_weight is 0 for every row; at least one must be above 0")
        return self

    @model_validator(mode="after")
    def _check_arrays(self) -> "InlineDataset":
        if self.input_shape is None:
            return self
        size = prod(self.input_shape)
        if size != len(self.inputs[0]):
            product = "×".join(map(str, self.input_shape))
            raise ValueError(f"input_shape {product} needs {size} numbers; each row has {len(self.inputs[0])}")
        if self.columns is not None or self.scaling != "none":
            raise ValueError("columns and scaling cannot be combined with input_shape; leave them out")
        return self

    def _check_classes(self, labels: tuple[Label, ...]) -> None:
        if len(labels) < 2 or not are_different(labels):  # noqa: PLR2004 - one class cannot be learned
            raise ValueError("class_labels needs at least two different labels")
        for number, row in enumerate(self.targets):
            if len(row) != 1 or not row[0].is_integer() or not 0 <= row[0] < len(labels):
                raise ValueError(f"Row {number} of targets must be one class number from 0 to {len(labels) - 1}")

    def own_shape(self) -> DatasetShape:
        """Return the shape of the rows."""
        counts = count_split(self.split, len(self.inputs))
        input_shape = self.input_shape or (len(self.inputs[0]),)
        is_classification = self.class_labels is not None
        return DatasetShape(
            task=Task.CLASSIFICATION if is_classification else Task.REGRESSION,
            input_kind=InputKind.COLUMNS if self.columns else InputKind.TENSOR,
            input_shape=input_shape,
            network_input_shape=input_shape,
            target_shape=() if is_classification else (len(self.targets[0]),),
            num_train=counts.train,
            num_validation=counts.validation,
            num_test=counts.test,
            class_labels=self.class_labels or (),
            columns=self.columns or (),
            warnings=self._warn(is_held_out=counts.train < len(self.inputs)),
        )

    def _warn(self, *, is_held_out: bool) -> tuple[Notice, ...]:
        # Exercises of a few rows are learned whole; only held-out rows need enough of each class.
        if self.class_labels is None or not is_held_out:
            return ()
        counts = Counter(int(row[0]) for row in self.targets)
        values = [
            ValueCount(value=label_text(label), count=counts[number]) for number, label in enumerate(self.class_labels)
        ]
        return tuple(warn_of_classes(values, "/dataset/targets"))
