"""The column form of a `:predict` body, `{"inputs": ...}`: a tensor, or an object with one for each input or column."""

from typing import Any

from numpy.typing import NDArray

from core.errors import InvalidInstances
from core.signatures.signature import InputKind, ModelSignature
from serving.errors import MAX_PROBLEMS, describe, reject_all, show_names
from serving.protocols.tensorflow_serving.bodies import check_rows
from serving.rows.inputs import explain_names, list_inputs, read_inputs, read_named_tensors
from serving.rows.reading import RowForm
from serving.rows.tables import is_series, read_table_columns
from serving.rows.tensors import RowsPointer

ROW_KEY = "instances"

COLUMN_KEY = "inputs"

HOLDING_COLUMNS = frozenset({InputKind.COLUMNS, InputKind.TABLE})


def read_column_form(
    value: object, signature: ModelSignature, max_instances: int
) -> tuple[dict[str, NDArray[Any]], RowForm]:
    """Read the value under `inputs`.

    Returns:
        For each input (num_rows, *input shape), of its type; and the form of the rows.

    Raises:
        InvalidInstances: If it does not fit the model.
    """
    if _are_named_tensors(value):
        raise InvalidInstances.at(
            f"/{COLUMN_KEY}",
            f"'{COLUMN_KEY}' holds tensors with name, shape, datatype and data, as in KServe's second protocol. "
            f'This is the first: send the rows alone, as {{"{ROW_KEY}": [...]}}.',
            "wrong_form",
        )
    if signature.other_inputs:
        return _read_several(value, signature, max_instances), RowForm.NUMBERS
    if isinstance(value, dict) and _has_columns(value, signature):
        where: tuple[str, ...] = (COLUMN_KEY,)
        rows = read_table_columns(value, signature, max_instances)
    else:
        value, where = _unwrap(value, signature)
        rows = check_rows(value, where, max_instances)
    inputs, form = read_inputs(rows, signature, RowsPointer(where))
    if form in (RowForm.BY_INPUT, RowForm.BY_FIELD):
        raise InvalidInstances.at(
            f"/{COLUMN_KEY}", f"'{COLUMN_KEY}' holds objects. Send rows that are objects in '{ROW_KEY}'.", "wrong_form"
        )
    return inputs, form


def _read_several(value: object, signature: ModelSignature, max_instances: int) -> dict[str, NDArray[Any]]:
    if not isinstance(value, dict):
        raise InvalidInstances.at(
            f"/{COLUMN_KEY}",
            f"'{COLUMN_KEY}' is {describe(value)}, but the model has several inputs. "
            f"Send an object with the tensors {list_inputs(signature)}.",
            "not_an_object",
        )
    problems = list(explain_names(value, signature, f"'{COLUMN_KEY}'", (COLUMN_KEY,)))
    if problems:
        raise reject_all(problems[:MAX_PROBLEMS])
    tensors = {name: check_rows(rows, (COLUMN_KEY, name), max_instances) for name, rows in value.items()}
    return read_named_tensors(tensors, signature, (COLUMN_KEY,))


def _are_named_tensors(value: object) -> bool:
    """Return True for tensors of the Open Inference Protocol."""
    first = value[0] if isinstance(value, list) and value else None
    return isinstance(first, dict) and {"name", "datatype", "data"} <= first.keys()


def _has_columns(value: dict[str, Any], signature: ModelSignature) -> bool:
    has_columns = signature.input_kind in HOLDING_COLUMNS and not is_series(signature)
    # A single column may have the name of the input; then the name means the column.
    return has_columns and (set(value) != {signature.input.name} or len(signature.columns) == 1)


def _unwrap(value: object, signature: ModelSignature) -> tuple[object, tuple[str, ...]]:
    """Return the tensor in `inputs`, which may be in an object under the input's name, and its path."""
    if not isinstance(value, dict):
        return value, (COLUMN_KEY,)
    name = signature.input.name
    if set(value) == {name}:
        return value[name], (COLUMN_KEY, name)
    raise InvalidInstances.at(
        f"/{COLUMN_KEY}",
        f"'{COLUMN_KEY}' is an object with {show_names(value)}; the model has one input, '{name}'. "
        f"Send its tensor, or rows that are objects in '{ROW_KEY}'.",
        "unknown_input",
    )
