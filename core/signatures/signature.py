"""Signature of a trained model, its inputs and outputs: stored with it at export, loaded by serving.

Training and serving share this data instead of code.
"""

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.images.pixels import Resize
from core.signatures.encodings import TableEncoding
from core.signatures.labels import Label, are_different


class Task(StrEnum):
    """Task of a model, which gives its output a meaning."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"
    BINARY_ADDITION = "binary_addition"
    SEQUENCE = "sequence"


class InputKind(StrEnum):
    """Form in which a row of the input is accepted, besides plain numbers."""

    TENSOR = "tensor"
    COLUMNS = "columns"
    TABLE = "table"
    """Rows of columns of any type, by name or in order; for a series, lists of such rows."""
    IMAGE = "image"
    BIT_PAIR = "bit_pair"


TENSOR_TYPES = (
    *("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("bool", "str"),
)
"""Element types of tensors."""


class TensorSpec(BaseModel):
    """One input or output tensor of the exported network.

    Attributes:
        name: Name in requests and responses.
        onnx_name: Name in the ONNX graph.
        dtype: NumPy's name of the element type: `float32`; `float64`, or `int64` of an input, where float32 would lose
            digits in which the training samples differ. Networks that were not trained here may have any of
            `TENSOR_TYPES`; `str` is text.
        shape: Shape of one row, without the batch axis; -1 is any length.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    onnx_name: str
    dtype: str = "float32"
    shape: tuple[int, ...]


class ModelSignature(BaseModel):
    """Inputs and outputs of a model.

    Attributes:
        task: Meaning of the output.
        input_kind: Form in which a row is also accepted.
        input: The first input tensor; the only one, unless the network was not trained here.
        output: The first output tensor, which the task is about.
        other_inputs: Further inputs of the network, for `tensor`.
        other_outputs: Further outputs of the network.
        columns: Names of a row's numbers, in order, for `columns`; of its columns for `table`.
        table: Encoding of a row of columns, for `table`.
        resize: Treatment of images of other sizes, for `image`; null rejects them.
        pixel_range: Least and greatest value of a pixel as the network expects it, for `image`; 0 is black.
        class_labels: A label per class, in the order of the output, for classification; each as it was uploaded.
        num_bits: Bits per operand, least significant first, for `bit_pair`.
        threshold: A single-output classifier predicts its second class at or above this output.
        answers_probabilities: True if a classifier's outputs are probabilities; otherwise they are unbounded scores, of
            which a greater one is likelier, as with a hinge loss or a linear last layer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Task
    input_kind: InputKind
    input: TensorSpec
    output: TensorSpec
    other_inputs: tuple[TensorSpec, ...] = ()
    other_outputs: tuple[TensorSpec, ...] = ()
    columns: tuple[str, ...] = ()
    table: TableEncoding | None = None
    resize: Resize | None = None
    pixel_range: tuple[float, float] = (0.0, 255.0)
    class_labels: tuple[Label, ...] = ()
    num_bits: int = Field(0, ge=0)
    threshold: float = Field(0.5, ge=0, le=1)
    answers_probabilities: bool = True

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """Return all inputs, in the order of the network."""
        return (self.input, *self.other_inputs)

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """Return all outputs, in the order of the network."""
        return (self.output, *self.other_outputs)

    @model_validator(mode="after")
    def _check(self) -> Self:
        """Reject a signature whose form of a row does not match the shape of the input."""
        shape = self.input.shape
        match self.input_kind:
            case InputKind.COLUMNS if shape != (len(set(self.columns)),) or len(set(self.columns)) < len(self.columns):
                raise ValueError(f"columns must be a different name for each number of a row of shape {shape}")
            case InputKind.TABLE if self.table is None or shape[-1:] != (self.table.width,):
                raise ValueError(f"a row of the table does not become one of shape {shape}")
            case InputKind.TABLE if self.table is not None and self.columns != self.table.names:
                raise ValueError("columns must be those of the table, in its order")
            case InputKind.BIT_PAIR if self.num_bits < 1 or shape not in ((self.num_bits, 2), (-1, 2)):
                raise ValueError(f"an input of shape {shape} does not hold two numbers of {self.num_bits} bits")
            case InputKind.IMAGE if len(shape) not in (2, 3) or shape[2:] not in ((), (1,), (3,)):
                raise ValueError(f"an image is height×width, or height×width×channels with 1 or 3, not {shape}")
        if self.class_labels and self.task is Task.CLASSIFICATION:
            # A single output is the probability of the second of two classes.
            num_classes = max((1, *self.output.shape)[-1], 2)
            if len(self.class_labels) != num_classes or not are_different(self.class_labels):
                raise ValueError(f"class_labels must be {num_classes} different labels")
        return self

    @model_validator(mode="after")
    def _check_tensors(self) -> Self:
        for role, tensors in (("input", self.inputs), ("output", self.outputs)):
            if len({tensor.name for tensor in tensors}) < len(tensors):
                raise ValueError(f"two {role}s have the same name")
        if self.other_inputs and self.input_kind is not InputKind.TENSOR:
            raise ValueError(f"a model of the kind {self.input_kind} has one input")
        return self
