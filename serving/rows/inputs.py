"""Reading of rows as the inputs of a network, by name."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from numpy.typing import NDArray

from core.errors import InvalidInstances, Problem, nearest
from core.signatures.signature import ModelSignature
from serving.errors import MAX_PROBLEMS, describe, join_pointer, reject_all, show
from serving.rows.reading import RowForm, read_rows
from serving.rows.tensors import RowsPointer, read_tensor, row_layout

NUM_NAMED = 12


def list_inputs(signature: ModelSignature) -> str:
    """List the names of a model's inputs, for messages: `'a', 'b'`."""
    names = [f"'{show(spec.name)}'" for spec in signature.inputs[:NUM_NAMED]]
    return ", ".join(names) + ("" if len(signature.inputs) <= NUM_NAMED else ", …")


def read_inputs(
    rows: list[Any], signature: ModelSignature, place: RowsPointer
) -> tuple[dict[str, NDArray[Any]], RowForm]:
    """Read rows: of a model with one input as `read_rows` does, else objects by input name.

    Args:
        rows: One or more rows.
        signature: Signature of the model.
        place: Location of the rows in the body, for messages.

    Returns:
        For each input (num_rows, *input shape), of its type; and the form of the rows.

    Raises:
        InvalidInstances: If a row is not valid.
    """
    if not signature.other_inputs:
        batch, form = read_rows(rows, signature, place)
        return {signature.input.name: batch}, form
    names = [spec.name for spec in signature.inputs]
    try:
        values = {name: [row[name] for row in rows] for name in names}
    except (KeyError, TypeError, IndexError):
        values = {}
    if not values or any(len(row) != len(names) for row in rows):
        problems = chain.from_iterable(_explain(index, row, signature, place) for index, row in enumerate(rows))
        raise reject_all(list(islice(problems, MAX_PROBLEMS)))
    inputs = {
        spec.name: read_tensor(
            values[spec.name], row_layout(signature, spec), RowsPointer(place.before, (*place.after, spec.name))
        )
        for spec in signature.inputs
    }
    return inputs, RowForm.BY_INPUT


def read_named_tensors(
    tensors: Mapping[str, list[Any]], signature: ModelSignature, before: Sequence[str]
) -> dict[str, NDArray[Any]]:
    """Read the rows of each input of a model.

    Args:
        tensors: One or more rows for each input of the model, by its name.
        signature: Signature of the model.
        before: Path to the tensors in the body, for messages.

    Returns:
        For each input (num_rows, *input shape), of its type.

    Raises:
        InvalidInstances: If a row is not valid, or the inputs differ in the number of rows.
    """
    counts = {name: len(rows) for name, rows in tensors.items()}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"'{name}' {count}" for name, count in islice(counts.items(), NUM_NAMED))
        detail = f"The inputs differ in the number of rows: {listed}. Send as many rows for each."
        raise InvalidInstances.at(join_pointer(*before), detail, "wrong_length")
    return {
        spec.name: read_tensor(tensors[spec.name], row_layout(signature, spec), RowsPointer((*before, spec.name)))
        for spec in signature.inputs
    }


def explain_names(
    given: Mapping[str, object], signature: ModelSignature, of_what: str, before: Sequence[str | int]
) -> Iterator[Problem]:
    """Return a problem for each input that is missing, and each name that is not that of an input.

    Args:
        given: What came, by name.
        signature: Signature of the model.
        of_what: Beginning of the messages, such as `Row 2`.
        before: Path to what came in the body.
    """
    names = [spec.name for spec in signature.inputs]
    missing = [name for name in names if name not in given]
    for name in given:
        if name not in names:
            # A misspelt name is also a missing one, so the missing ones are the first candidates.
            detail = f"{of_what} has an unknown input '{show(name)}'.{nearest(name, missing or names)}"
            yield Problem(join_pointer(*before, name), detail, "unknown_input")
    for name in missing:
        detail = f"{of_what} lacks the input '{show(name)}'. The model has the inputs {list_inputs(signature)}."
        yield Problem(join_pointer(*before, name), detail, "missing_input")


def _explain(index: int, row: object, signature: ModelSignature, place: RowsPointer) -> Iterator[Problem]:
    before: tuple[str | int, ...] = (*place.before, index, *place.after)
    if isinstance(row, dict):
        yield from explain_names(row, signature, f"Row {index}", before)
        return
    detail = (
        f"Row {index} is {describe(row)}, but the model has several inputs. "
        f"Send each row as an object with {list_inputs(signature)}."
    )
    yield Problem(join_pointer(*before), detail, "not_an_object")
