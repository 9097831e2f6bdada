"""Inputs and outputs of a model as the protocol describes them, prepared once for all requests."""

from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from core.signatures.encodings import AnyColumnEncoding, NumberEncoding
from core.signatures.labels import label_text
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec
from serving.answers import has_class_per_row
from serving.protocols.open_inference.datatypes import BOOL, BYTES, FP64, INT64, Datatype, datatype_of
from serving.rows.bit_pairs import OPERANDS
from serving.rows.tensors import ANY_LENGTH, row_layout
from serving.sessions.loaded_model import LoadedModel

LABEL = "label"
"""Output with the most likely label of each row."""

SUM = "sum"
"""Output with the sum of each row of a binary adder."""

MOST_BITS_OF_INT64 = 63


@dataclass(frozen=True, slots=True)
class InterfaceTensor:
    """An input or output.

    Attributes:
        shape: Shape of one row; -1 is any length.
        forms: Shapes of a row that an input accepts, `shape` first.
    """

    name: str
    datatype: Datatype
    shape: tuple[int, ...]
    forms: tuple[tuple[int, ...], ...] = ()

    @property
    def dimensions(self) -> list[int]:
        """Return the shape with the rows first, as in the protocol's metadata."""
        return [ANY_LENGTH, *self.shape]


@dataclass(frozen=True, slots=True)
class Interface:
    """Inputs and outputs of a model.

    Attributes:
        inputs: Tensors of the network by name.
        columns: What may be sent in place of `inputs`, one tensor for each column or operand; empty if nothing.
        outputs: By name, in the order of an answer: those of the network, then `label` or `sum`.
        labels: Label of each class as text; empty if the model has none.
    """

    signature: ModelSignature
    inputs: Mapping[str, InterfaceTensor]
    columns: Mapping[str, InterfaceTensor]
    outputs: Mapping[str, InterfaceTensor]
    labels: tuple[str, ...]

    @property
    def described_inputs(self) -> tuple[InterfaceTensor, ...]:
        """Return the inputs of the metadata: of a table its columns, which have types of their own."""
        inputs = self.columns if self.signature.input_kind is InputKind.TABLE else self.inputs
        return tuple(inputs.values())


_interfaces: WeakKeyDictionary[LoadedModel, Interface] = WeakKeyDictionary()


def interface_of(model: LoadedModel) -> Interface:
    """Return the interface of a loaded model; it is built with the first request."""
    interface = _interfaces.get(model)
    if interface is None:
        interface = _interfaces[model] = build_interface(model.signature)
    return interface


def build_interface(signature: ModelSignature) -> Interface:
    """Return the interface of a model with this signature."""
    outputs = {spec.name: _describe(spec) for spec in signature.outputs}
    labels: tuple[str, ...] = ()
    if has_class_per_row(signature) and signature.class_labels:
        labels = tuple(map(label_text, signature.class_labels))
        outputs.setdefault(LABEL, InterfaceTensor(LABEL, BYTES, ()))
    if signature.task is Task.BINARY_ADDITION:
        # Sums of more bits than INT64 has are decimal text.
        datatype = INT64 if signature.num_bits <= MOST_BITS_OF_INT64 else BYTES
        outputs.setdefault(SUM, InterfaceTensor(SUM, datatype, ()))
    inputs = {spec.name: _describe(spec, _list_forms(spec, signature)) for spec in signature.inputs}
    return Interface(signature, inputs, _describe_columns(signature), outputs, labels)


def _describe(spec: TensorSpec, forms: tuple[tuple[int, ...], ...] = ()) -> InterfaceTensor:
    return InterfaceTensor(spec.name, datatype_of(spec.dtype), spec.shape, forms)


def _list_forms(spec: TensorSpec, signature: ModelSignature) -> tuple[tuple[int, ...], ...]:
    """Return the accepted shapes of a row: an axis of size 1 at the end may be there or not."""
    forms = row_layout(signature, spec).shapes
    return forms if spec.shape else (*forms, (1,))


def _describe_columns(signature: ModelSignature) -> dict[str, InterfaceTensor]:
    if signature.table is not None:
        # A row of a series has a value for each step of its window.
        shape = signature.input.shape[:-1]
        return {
            column.name: _describe_column(column.name, _column_type(column), shape)
            for column in signature.table.columns
        }
    if signature.input_kind is InputKind.COLUMNS:
        datatype = datatype_of(signature.input.dtype)
        return {name: _describe_column(name, datatype, ()) for name in signature.columns}
    if signature.input_kind is InputKind.BIT_PAIR:
        return {name: _describe_column(name, INT64, ()) for name in OPERANDS}
    return {}


def _describe_column(name: str, datatype: Datatype, shape: tuple[int, ...]) -> InterfaceTensor:
    return InterfaceTensor(name, datatype, shape, (shape, (*shape, 1)))


def _column_type(column: AnyColumnEncoding) -> Datatype:
    """Return the type that holds a column's values; it is only a suggestion, as every type is accepted."""
    match column.kind:
        case "boolean":
            return BOOL
        case "number":
            # Whole numbers with an origin may be too large for FP64.
            return INT64 if isinstance(column, NumberEncoding) and _needs_whole(column) else FP64
        case _:
            return BYTES


def _needs_whole(column: NumberEncoding) -> bool:
    return isinstance(column.origin, int) and column.origin != 0
