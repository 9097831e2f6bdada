"""`:predict` of TensorFlow Serving's REST API, https://www.tensorflow.org/tfx/serving/api_rest.

Rows are counted from 0, as in the JSON Pointers of the problems. Decoding returns the tensors for the network, encoding
the response body from the network's outputs:

    request = decode_predict(body, model.signature, max_instances=1000)
    answer = encode_predict(request, model.run(request.inputs), model.signature)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInstances
from core.signatures.signature import InputKind, ModelSignature
from serving.answers import Answer, answer_labels, answer_named, answer_rows, answer_sums, has_class_per_row
from serving.errors import show_names
from serving.protocols.tensorflow_serving.bodies import check_names, check_rows
from serving.protocols.tensorflow_serving.column_form import COLUMN_KEY, ROW_KEY, read_column_form
from serving.rows.images import read_image_file
from serving.rows.inputs import list_inputs, read_inputs
from serving.rows.reading import RowForm
from serving.rows.tables import is_series
from serving.rows.tensors import RowsPointer, describe_shape

PREDICTIONS_KEY = "predictions"

OUTPUTS_KEY = "outputs"


class AnswerForm(StrEnum):
    """Form of the answer to each row, as far as it comes from the first output."""

    NUMBERS = "numbers"
    LABELS = "labels"
    SUMS = "sums"


@dataclass(frozen=True, slots=True)
class PredictRequest:
    """Decoded `:predict` request.

    Attributes:
        inputs: For each input of the model (num_rows, *input shape), of its type; text as NumPy's type `object`.
        num_rows: Number of rows.
        answer_key: `predictions` for the row form, `outputs` for the column form.
        answer_form: Form of the answer to each row.
        top_k: Number of classes in an answer with labels; None for all, in the order of the output.
    """

    inputs: Mapping[str, NDArray[Any]]
    num_rows: int
    answer_key: str
    answer_form: AnswerForm
    top_k: int | None = None

    @property
    def batch(self) -> NDArray[Any]:
        """Return the tensor of a model with one input."""
        (batch,) = self.inputs.values()
        return batch


def decode_predict(
    body: object,
    signature: ModelSignature,
    *,
    max_instances: int,
    labels: bool = False,
    top_k: int | None = None,
) -> PredictRequest:
    """Read a `:predict` body, already parsed from JSON; NaN and infinities are valid numbers.

    Args:
        body: `{"instances": [...]}`, the row form, or `{"inputs": ...}`, the column form.
        signature: Signature of the model.
        max_instances: Maximum number of rows in a request.
        labels: True to return class labels even if the rows are plain numbers.
        top_k: Number of classes to return with labels, best first, at least 1; None for all.

    Raises:
        InvalidInstances: If the body does not fit the model, with a problem for each mistake.
    """
    fields = check_names(body, (ROW_KEY, COLUMN_KEY))
    check_labels(signature, labels=labels, top_k=top_k)
    if (ROW_KEY in fields) == (COLUMN_KEY in fields):
        how_many = "both" if ROW_KEY in fields else "neither"
        raise InvalidInstances.at("", f"The body has {how_many} of '{ROW_KEY}' and '{COLUMN_KEY}'. Send one.", "one_of")
    if ROW_KEY in fields:
        answer_key = PREDICTIONS_KEY
        rows = check_rows(fields[ROW_KEY], (ROW_KEY,), max_instances)
        inputs, row_form = read_inputs(rows, signature, RowsPointer((ROW_KEY,)))
    else:
        answer_key = OUTPUTS_KEY
        inputs, row_form = read_column_form(fields[COLUMN_KEY], signature, max_instances)
    answer_form = choose_answer_form(row_form, signature, labels=labels or top_k is not None)
    return PredictRequest(inputs, len(inputs[signature.input.name]), answer_key, answer_form, top_k)


def decode_predict_file(
    content: bytes, signature: ModelSignature, *, labels: bool = False, top_k: int | None = None
) -> PredictRequest:
    """Read a `:predict` body that is an image file: a single row of the row form.

    Args:
        content: The file.
        signature: Signature of the model.
        labels: As for `decode_predict`.
        top_k: As for `decode_predict`.

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
    check_labels(signature, labels=labels, top_k=top_k)
    batch = read_image_file(content, signature)[np.newaxis]
    answer_form = choose_answer_form(RowForm.FILE, signature, labels=labels or top_k is not None)
    return PredictRequest({signature.input.name: batch}, 1, PREDICTIONS_KEY, answer_form, top_k)


def encode_predict(request: PredictRequest, outputs: Mapping[str, NDArray[Any]], signature: ModelSignature) -> Answer:
    """Return the response body of a `:predict` request.

    The answers of a network with several outputs are objects by output name: one for each row in the row form, one of
    all rows in the column form. Labels and sums are then under the name of the first output.

    Args:
        request: Decoded request.
        outputs: For each output of the network (num_rows, *output shape), by its name.
        signature: Signature of the model.
    """
    key = request.answer_key
    output = outputs[signature.output.name]
    match request.answer_form:
        case AnswerForm.SUMS:
            first = answer_sums(key, output)
        case AnswerForm.LABELS:
            first = answer_labels(key, output, signature, request.top_k)
        case AnswerForm.NUMBERS:
            first = answer_rows(key, output, signature.output.name)
    if not signature.other_outputs:
        return first
    answers = {signature.output.name: first}
    for spec in signature.other_outputs:
        answers[spec.name] = answer_rows(key, outputs[spec.name], spec.name)
    return answer_named(key, answers, by_row=key == PREDICTIONS_KEY)


def check_labels(signature: ModelSignature, *, labels: bool, top_k: int | None) -> None:
    """Check that a model has the labels that a request asks for.

    Raises:
        InvalidInstances: If it does not classify, or `top_k` is below 1.
    """
    if (labels or top_k is not None) and not has_class_per_row(signature):
        name = "labels" if labels else "top_k"
        raise InvalidInstances.at(
            "", f"This model does not classify, so it has no labels. Leave {name} out.", "no_labels"
        )
    if top_k is not None and top_k < 1:
        raise InvalidInstances.at("", f"top_k is {top_k}. Send the number of classes to return, from 1.", "wrong_top_k")


def choose_answer_form(row_form: RowForm, signature: ModelSignature, *, labels: bool) -> AnswerForm:
    """Return the form of the answers to rows of this form."""
    if row_form is RowForm.BY_FIELD and signature.input_kind is InputKind.BIT_PAIR:
        return AnswerForm.SUMS
    is_labelled = labels or (_is_raw(row_form, signature) and has_class_per_row(signature))
    return AnswerForm.LABELS if is_labelled else AnswerForm.NUMBERS


def _describe_rows(signature: ModelSignature) -> str:
    """Say what a model that does not take images takes."""
    if signature.input_kind is InputKind.BIT_PAIR:
        return 'rows such as {"a": 45, "b": 77}'
    if signature.other_inputs:
        return f"rows that are objects with {list_inputs(signature)}"
    if signature.columns:
        rows = "series of rows" if is_series(signature) else "rows"
        return f"{rows} of {len(signature.columns)} columns, {show_names(signature.columns)}"
    return f"rows of {describe_shape(signature.input.shape)} numbers"


def _is_raw(row_form: RowForm, signature: ModelSignature) -> bool:
    """Return True if the rows are raw data such as columns or images; then the answers are labels or sums too."""
    return row_form is RowForm.BY_FIELD or (row_form is RowForm.FILE and signature.resize is not None)
