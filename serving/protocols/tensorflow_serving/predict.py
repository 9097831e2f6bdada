"""Request and response bodies of TensorFlow Serving's REST API, https://www.tensorflow.org/tfx/serving/api_rest.

Rows are counted from 0, as in the JSON Pointers of the problems. Decoding returns the batch for the network, encoding
the response body from the network's output:

    request = decode_predict(body, model.signature, max_instances=1000)
    answer = encode_predict(request, model.predict(request.batch), model.signature)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInstances, nearest
from core.signatures.signature import InputKind, ModelSignature
from serving.answers import Answer, answer_labels, answer_rows, answer_sums, has_class_per_row
from serving.errors import describe, join_pointer, show, show_names
from serving.rows.images import read_image_file
from serving.rows.reading import RowForm, read_rows
from serving.rows.tables import is_series, read_table_columns
from serving.rows.tensors import RowsPointer, describe_shape

ROW_KEY = "instances"

COLUMN_KEY = "inputs"


class AnswerForm(StrEnum):
    """Form of the answer to each row."""

    NUMBERS = "numbers"
    LABELS = "labels"
    SUMS = "sums"


@dataclass(frozen=True, slots=True)
class PredictRequest:
    """Decoded `:predict` request.

    Attributes:
        batch: (num_rows, *input shape), of the type of its input.
        answer_key: `predictions` for the row form, `outputs` for the column form.
        answer_form: Form of the answer to each row.
    """

    batch: NDArray[Any]
    answer_key: str
    answer_form: AnswerForm


def decode_predict(
    body: object, signature: ModelSignature, *, max_instances: int, labels: bool = False
) -> PredictRequest:
    """Read a `:predict` body, already parsed from JSON; NaN and infinities are valid numbers.

    Args:
        body: `{"instances": [...]}`, the row form, or `{"inputs": ...}`, the column form.
        signature: Signature of the model.
        max_instances: Maximum number of rows in a request.
        labels: True to return class labels even if the rows are plain numbers.

    Raises:
        InvalidInstances: If the body does not fit the model, with a problem for each mistake.
    """
    fields = check_names(body, (ROW_KEY, COLUMN_KEY))
    _check_labels(signature, labels=labels)
    if (ROW_KEY in fields) == (COLUMN_KEY in fields):
        how_many = "both" if ROW_KEY in fields else "neither"
        raise InvalidInstances.at("", f"The body has {how_many} of '{ROW_KEY}' and '{COLUMN_KEY}'. Send one.", "one_of")
    if ROW_KEY in fields:
        where: tuple[str, ...] = (ROW_KEY,)
        rows = check_rows(fields[ROW_KEY], where, max_instances)
    elif _are_named_tensors(fields[COLUMN_KEY]):
        raise InvalidInstances.at(
            f"/{COLUMN_KEY}",
            f"'{COLUMN_KEY}' holds tensors with name, shape, datatype and data, as in KServe's second protocol. "
            f'This is the first: send the rows alone, as {{"{ROW_KEY}": [...]}}.',
            "wrong_form",
        )
    elif _has_table_columns(fields[COLUMN_KEY], signature):
        where = (COLUMN_KEY,)
        rows = read_table_columns(fields[COLUMN_KEY], signature, max_instances)
    else:
        value, where = _unwrap_column(fields[COLUMN_KEY], signature)
        rows = check_rows(value, where, max_instances)
    batch, row_form = read_rows(rows, signature, RowsPointer(where))
    if where[0] == COLUMN_KEY and row_form in (RowForm.BY_INPUT, RowForm.BY_FIELD):
        raise InvalidInstances.at(
            f"/{COLUMN_KEY}", f"'{COLUMN_KEY}' holds objects. Send rows that are objects in '{ROW_KEY}'.", "wrong_form"
        )
    answer_key = "predictions" if where[0] == ROW_KEY else "outputs"
    return PredictRequest(batch, answer_key, _answer_form(row_form, signature, labels=labels))


def decode_predict_file(content: bytes, signature: ModelSignature, *, labels: bool = False) -> PredictRequest:
    """Read a `:predict` body that is an image file: a single row of the row form.

    Args:
        content: The file.
        signature: Signature of the model.
        labels: As for `decode_predict`.

    Raises:
        InvalidInstances: If the model does not take images, or the image does not fit it.
    """
    if signature.input_kind is not InputKind.IMAGE:
        raise InvalidInstances.at(
            "",
            f"The body is an image file, but this model takes {_describe_rows(signature)}. "
            'Send them as JSON: {"instances": [...]}.',
            "wrong_form",
        )
    _check_labels(signature, labels=labels)
    batch = read_image_file(content, signature)[np.newaxis]
    return PredictRequest(batch, "predictions", _answer_form(RowForm.FILE, signature, labels=labels))


def encode_predict(request: PredictRequest, output: NDArray[Any], signature: ModelSignature) -> Answer:
    """Return the response body of a `:predict` request.

    Args:
        request: Decoded request.
        output: (num_rows, *output shape), output of the network.
        signature: Signature of the model.
    """
    if request.answer_form is AnswerForm.SUMS:
        return answer_sums(request.answer_key, output)
    if request.answer_form is AnswerForm.LABELS:
        return answer_labels(request.answer_key, output, signature)
    return answer_rows(request.answer_key, output)


def _check_labels(signature: ModelSignature, *, labels: bool) -> None:
    if labels and not has_class_per_row(signature):
        raise InvalidInstances.at(
            "", "This model does not classify, so it has no labels. Leave labels out.", "no_labels"
        )


def _describe_rows(signature: ModelSignature) -> str:
    """Say what a model that does not take images takes."""
    if signature.input_kind is InputKind.BIT_PAIR:
        return 'rows such as {"a": 45, "b": 77}'
    if signature.columns:
        rows = "series of rows" if is_series(signature) else "rows"
        return f"{rows} of {len(signature.columns)} columns, {show_names(signature.columns)}"
    return f"rows of {describe_shape(signature.input.shape)} numbers"


def _answer_form(row_form: RowForm, signature: ModelSignature, *, labels: bool) -> AnswerForm:
    if row_form is RowForm.BY_FIELD and signature.input_kind is InputKind.BIT_PAIR:
        return AnswerForm.SUMS
    is_labelled = labels or (_is_raw(row_form, signature) and has_class_per_row(signature))
    return AnswerForm.LABELS if is_labelled else AnswerForm.NUMBERS


def _is_raw(row_form: RowForm, signature: ModelSignature) -> bool:
    """Return True if the rows are raw data such as columns or images; then the answers are labels or sums too."""
    return row_form is RowForm.BY_FIELD or (row_form is RowForm.FILE and signature.resize is not None)


def _has_table_columns(value: object, signature: ModelSignature) -> bool:
    is_table = signature.input_kind is InputKind.TABLE and not is_series(signature)
    # A single column may have the name of the input; then the name means the column.
    return (
        is_table and isinstance(value, dict) and (set(value) != {signature.input.name} or len(signature.columns) == 1)
    )


def _unwrap_column(value: object, signature: ModelSignature) -> tuple[object, tuple[str, ...]]:
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


SIGNATURE_NAME = "serving_default"

IGNORED_NAMES = ("parameters", "id")
"""Fields that KServe's and Vertex AI's clients send beside the rows, and servers of those protocols do not need."""


def check_names(body: object, names: Sequence[str]) -> dict[str, Any]:
    """Check that a body is an object with these names, and asks for the only signature.

    Raises:
        InvalidInstances: If it is not.
    """
    if not isinstance(body, dict):
        raise InvalidInstances.at(
            "", f"The body is {describe(body)}, not an object with {_either(names)}.", "not_an_object"
        )
    for name in body:
        if name not in names and name != "signature_name" and name not in IGNORED_NAMES:
            suggestion = nearest(name, [*names, "signature_name"])
            raise InvalidInstances.at(
                join_pointer(name), f"The body has an unknown field '{show(name)}'.{suggestion}", "unknown_field"
            )
    wanted = body.get("signature_name")
    # TensorFlow Serving takes an empty name, as its own metadata give it, for the default.
    if wanted not in (None, "", SIGNATURE_NAME):
        raise InvalidInstances.at(
            "/signature_name",
            f"signature_name is {describe(wanted)}; the only signature of a model is '{SIGNATURE_NAME}'. "
            "Leave signature_name out.",
            "unknown_signature",
        )
    return body


def check_rows(rows: object, where: Sequence[str], max_instances: int) -> list[Any]:
    """Check that this is a list of at least one row and at most max_instances rows.

    Raises:
        InvalidInstances: If it is not.
    """
    name = where[-1]
    if not isinstance(rows, list):
        raise InvalidInstances.at(
            join_pointer(*where),
            f"'{name}' is {describe(rows)}, not a list of rows. Send a list, even for a single row.",
            "not_a_list",
        )
    if not rows:
        raise InvalidInstances.at(join_pointer(*where), f"'{name}' is empty. Send at least one row.", "no_rows")
    if len(rows) > max_instances:
        raise InvalidInstances.at(
            join_pointer(*where),
            f"'{name}' has {len(rows)} rows; at most {max_instances} are allowed. Send them in several requests.",
            "too_many_rows",
        )
    return rows


def _are_named_tensors(value: object) -> bool:
    """Return True for tensors of the Open Inference Protocol."""
    first = value[0] if isinstance(value, list) and value else None
    return isinstance(first, dict) and {"name", "datatype", "data"} <= first.keys()


def _either(names: Sequence[str]) -> str:
    return " or ".join(f"'{name}'" for name in names)
