"""Check that a dataset has what a model needs, by its description, before anything is queued."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.batch_predictions import AnswerKind, BatchPlan, OnError, ResultFormat
from core.datasets.arrays import find_usual_array
from core.errors import InvalidBatchPrediction, Problem, json_pointer, nearest
from core.signatures.encoders import NotEncodable, make_encoders
from core.signatures.encodings import AnyColumnEncoding, TableEncoding
from core.signatures.signature import InputKind, ModelSignature, TensorSpec
from core.uploads.description import (
    ArrayDescription,
    ArraysDescription,
    ColumnDescription,
    DatasetDescription,
    ImagesDescription,
    TableDescription,
)
from core.uploads.reading import ColumnType
from serving.batch_prediction.answers import MOST_BITS, default_answers, list_columns, possible_answers, result_names
from serving.errors import MAX_PROBLEMS
from serving.rows.bit_pairs import OPERANDS
from serving.rows.tables import is_series
from serving.rows.tensors import describe_shape, is_shape_of, row_layout

MOST_COLUMNS = 10_000
"""Most columns of a result."""

CLASS = "class"
"""Column with the class of an image, which is its folder in the upload."""

NUMBER_TYPES: frozenset[ColumnType] = frozenset({"integer", "number"})


@dataclass(frozen=True, slots=True)
class BatchChoices:
    """Request of a client.

    Attributes:
        array: Name of the array of the inputs; None to find it.
        columns: Columns of the dataset that the result repeats.
        answers: Kind of answers; None for the usual one.
        start: First row, from 0.
        stop: Row after the last one; None for all.
    """

    array: str | None = None
    columns: tuple[str, ...] = ()
    answers: AnswerKind | None = None
    format: ResultFormat = ResultFormat.CSV
    start: int = 0
    stop: int | None = None
    on_error: OnError = OnError.CONTINUE


def make_plan(choices: BatchChoices, signature: ModelSignature, description: DatasetDescription) -> BatchPlan:
    """Check what a client asks for against the model and the dataset, and settle what was left open.

    Raises:
        InvalidBatchPrediction: If they do not fit; pointers are those of the body of a request.
    """
    arrays, num_rows, problems = _choose_inputs(choices, signature, description)
    answers = _choose_answers(choices, signature, problems)
    _check_columns(choices, signature, description, num_rows, answers, problems)
    stop = num_rows if choices.stop is None else choices.stop
    if not problems and not choices.start < stop <= num_rows:
        field = "start" if choices.start >= num_rows else "stop"
        detail = (
            f"The rows {choices.start:,} to {stop:,} were asked for; the dataset has {num_rows:,}, counted from 0, and "
            "stop is the row after the last one."
        )
        problems.append(Problem(f"/rows/{field}", detail, "unknown_rows"))
    if problems:
        more = f" ({len(problems) - 1} more problems were found.)" if len(problems) > 1 else ""
        raise InvalidBatchPrediction(problems[0].detail + more, problems[:MAX_PROBLEMS])
    return BatchPlan(
        start=choices.start,
        stop=stop,
        arrays=arrays,
        columns=choices.columns,
        answers=answers,
        format=choices.format,
        on_error=choices.on_error,
    )


def _choose_inputs(
    choices: BatchChoices, signature: ModelSignature, description: DatasetDescription
) -> tuple[dict[str, str], int, list[Problem]]:
    """Return the array of each input, the number of rows, and what does not fit."""
    if not isinstance(description, ArraysDescription) and choices.array is not None:
        detail = f"The dataset is {_name_kind(description)} and has no arrays. Leave array out."
        return {}, 0, [Problem("/dataset/array", detail, "other_kind_of_data")]
    match description:
        case TableDescription():
            return {}, description.num_rows, _check_table(signature, description)
        case ArraysDescription():
            return _choose_arrays(choices, signature, description)
    problems = [] if signature.input_kind is InputKind.IMAGE else [_other_kind(signature, description)]
    return {}, description.num_images, problems


def _check_table(signature: ModelSignature, table: TableDescription) -> list[Problem]:
    kind = signature.input_kind
    if kind is InputKind.TABLE and is_series(signature):
        detail = (
            f"The model answers series of {signature.input.shape[0]} rows, and a batch prediction answers rows one by "
            "one. Send the series to :predict."
        )
        return [Problem("/dataset", detail, "series")]
    if kind not in {InputKind.COLUMNS, InputKind.TABLE, InputKind.BIT_PAIR}:
        return [_other_kind(signature, table)]
    needed = OPERANDS if kind is InputKind.BIT_PAIR else signature.columns
    there = [column.name for column in table.columns]
    problems = []
    encodings = {column.name: column for column in signature.table.columns} if signature.table else {}
    for name in needed:
        column = table.column(name)
        if column is None:
            detail = f"The dataset has no column '{name}', which the model needs.{nearest(name, there)}"
            problems.append(Problem(json_pointer("dataset", "columns", name), detail, "missing_column"))
        elif name in encodings:
            problems += _check_column(column, encodings[name], there.index(name), table)
        elif column.type not in NUMBER_TYPES:
            problems.append(_wrong_type(column, "numbers"))
    return problems


def _check_column(
    column: ColumnDescription, encoding: AnyColumnEncoding, place: int, table: TableDescription
) -> list[Problem]:
    """Reject a column if none of its values that are known can be encoded."""
    values = [row[place] for row in table.sample if row[place] is not None]
    if column.type == "text":
        values += [known.value for known in column.values]
    (encode,) = make_encoders(TableEncoding(columns=(encoding,)))
    for value in values:
        try:
            encode(value)
        except NotEncodable:
            continue
        return []
    if not values:
        return []
    expected = {"number": "numbers", "date": "dates", "boolean": "true and false"}.get(encoding.kind, "categories")
    return [_wrong_type(column, expected)]


def _wrong_type(column: ColumnDescription, expected: str) -> Problem:
    detail = (
        f"The column '{column.name}' has the type {column.type}; the model expects {expected}. Read the dataset again "
        "with other options, or name another."
    )
    return Problem(json_pointer("dataset", "columns", column.name), detail, "wrong_type")


def _choose_arrays(
    choices: BatchChoices, signature: ModelSignature, description: ArraysDescription
) -> tuple[dict[str, str], int, list[Problem]]:
    if signature.input_kind is InputKind.TABLE:
        return {}, 0, [_other_kind(signature, description)]
    chosen: dict[str, str] = {}
    lengths: dict[str, int] = {}
    problems: list[Problem] = []
    for tensor in signature.inputs:
        array, problem = _find_array(choices, signature, tensor, description)
        if problem is not None:
            problems.append(problem)
        elif array is not None:
            chosen[tensor.name], lengths[array.name] = array.name, array.shape[0]
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length:,}" for name, length in lengths.items())
        problems.append(Problem("/dataset", f"The arrays of the inputs differ in length: {listed}.", "lengths_differ"))
    return chosen, min(lengths.values(), default=0), problems


def _find_array(
    choices: BatchChoices, signature: ModelSignature, tensor: TensorSpec, description: ArraysDescription
) -> tuple[ArrayDescription | None, Problem | None]:
    """Return the array of an input, or what is wrong."""
    names = [array.name for array in description.arrays]
    if choices.array is not None and len(signature.inputs) == 1:
        array = description.array(choices.array)
        if array is None:
            detail = f"There is no array '{choices.array}' in the dataset.{nearest(choices.array, names)}"
            return None, Problem("/dataset/array", detail, "unknown_array")
    else:
        array = description.array(tensor.name)
        if array is None and len(signature.inputs) == 1:
            array = find_usual_array(description, "inputs")
            if array is None and len(names) == 1:
                array = description.arrays[0]
        if array is None:
            detail = f"Expected an array for the input '{tensor.name}'; the dataset has {', '.join(names)}. Name it."
            return None, Problem("/dataset/array", detail, "no_inputs")
    return array, _check_array(signature, tensor, array)


def _check_array(signature: ModelSignature, tensor: TensorSpec, array: ArrayDescription) -> Problem | None:
    is_number = array.dtype.startswith(("int", "uint", "float", "bool"))
    is_cast = tensor.dtype.startswith(("int", "uint", "float"))
    if not is_number or (not is_cast and array.dtype != tensor.dtype):
        detail = f"The array '{array.name}' holds {array.dtype}; the model expects {tensor.dtype}."
        return Problem("/dataset/array", detail, "wrong_type")
    shapes = row_layout(signature, tensor).shapes
    if not array.shape or not any(is_shape_of(array.shape[1:], shape) for shape in shapes):
        detail = (
            f"The rows of the array '{array.name}' have the shape {describe_shape(array.shape[1:])}; the model expects "
            f"{describe_shape(tensor.shape)}."
        )
        return Problem("/dataset/array", detail, "wrong_shape")
    if signature.input_kind is InputKind.BIT_PAIR and array.shape[1] > MOST_BITS:
        detail = f"The numbers of the array '{array.name}' have {array.shape[1]} bits; at most {MOST_BITS} are."
        return Problem("/dataset/array", detail, "out_of_range")
    return None


def _choose_answers(choices: BatchChoices, signature: ModelSignature, problems: list[Problem]) -> AnswerKind:
    possible = possible_answers(signature)
    answers = choices.answers or default_answers(signature)
    if answers not in possible:
        known = " or ".join(possible) or "nothing, because its outputs may have any length"
        problems.append(Problem("/output/answers", f"The model answers {known}, not {answers}.", "no_such_answers"))
    return answers


def _check_columns(
    choices: BatchChoices,
    signature: ModelSignature,
    description: DatasetDescription,
    num_rows: int,
    answers: AnswerKind,
    problems: list[Problem],
) -> None:
    """Check the columns of the result: those of the dataset are there, and no two have the same name."""
    there = _list_columns(description, num_rows)
    for place, name in enumerate(choices.columns):
        if name not in there:
            detail = f"The dataset has no column '{name}' for the result.{nearest(name, there)}"
            problems.append(Problem(f"/output/columns/{place}", detail, "unknown_column"))
    if any(problem.pointer == "/output/answers" for problem in problems):
        return
    columns = list_columns(signature, answers)
    own = {name.casefold() for name in result_names((), columns, has_errors=True)}
    if len(own) + len(choices.columns) > MOST_COLUMNS:
        detail = f"The result would have {len(own) + len(choices.columns):,} columns; at most {MOST_COLUMNS:,} are."
        problems.append(Problem("/output", detail, "too_many_columns"))
    used: set[str] = set()
    for place, name in enumerate(choices.columns):
        if name.casefold() in own:
            detail = f"The result has a column '{name}' of its own. Leave the dataset's out."
            problems.append(Problem(f"/output/columns/{place}", detail, "named_twice"))
        elif name.casefold() in used:
            problems.append(Problem(f"/output/columns/{place}", f"'{name}' is named twice.", "named_twice"))
        used.add(name.casefold())


def _list_columns(description: DatasetDescription, num_rows: int) -> Sequence[str]:
    """Return the columns that a result may repeat."""
    match description:
        case TableDescription():
            return [column.name for column in description.columns]
        case ArraysDescription():
            return [array.name for array in description.arrays if array.shape == (num_rows,)]
    return [CLASS]


def _other_kind(signature: ModelSignature, description: DatasetDescription) -> Problem:
    expected = {
        InputKind.COLUMNS: "a table with the columns it was trained on, or an array",
        InputKind.TABLE: "a table with the columns it was trained on",
        InputKind.BIT_PAIR: "a table with the columns a and b, or an array",
        InputKind.IMAGE: "images, or an array",
        InputKind.TENSOR: "an array",
    }[signature.input_kind]
    detail = f"The dataset is {_name_kind(description)}; the model expects {expected}."
    return Problem("/dataset", detail, "other_kind_of_data")


def _name_kind(description: DatasetDescription) -> str:
    match description:
        case TableDescription():
            return "a table"
        case ArraysDescription():
            return "arrays"
        case ImagesDescription():
            return "images"
