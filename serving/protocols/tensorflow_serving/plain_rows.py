"""Quick reading of the commonest `:predict` body, rows of plain numbers.

It takes the text instead of parsed JSON: after `{"instances":` there are only numbers and lists if nothing begins a
string, an object, true, false or null. That is found much sooner in the text than in each of its elements.
"""

import re

import orjson

from core.signatures.signature import InputKind, ModelSignature
from serving.protocols.tensorflow_serving.column_form import ROW_KEY
from serving.protocols.tensorflow_serving.predict import (
    OUTPUTS_KEY,
    PREDICTIONS_KEY,
    PredictRequest,
    check_labels,
    choose_answer_form,
)
from serving.rows.elements import read_array
from serving.rows.reading import RowForm
from serving.rows.tensors import fit_layout, has_layout, row_layout

BEGINNING = re.compile(
    rb'\s*\{\s*(?:"signature_name"\s*:\s*"serving_default"\s*,\s*)?"(instances|inputs)"\s*:\s*(?=\[)'
)

BEGINNINGS_OF_OTHERS = (b'"', b"{", b"t", b"f", b"n")


def decode_plain_rows(
    text: bytes,
    signature: ModelSignature,
    *,
    max_instances: int,
    labels: bool = False,
    top_k: int | None = None,
) -> PredictRequest | None:
    """Read a `:predict` body if it holds nothing but rows of finite numbers that fit the model.

    Args:
        text: The body, not yet parsed.
        signature: Signature of the model.
        max_instances: Maximum number of rows in a request.
        labels: As for `decode_predict`.
        top_k: As for `decode_predict`.

    Returns:
        What `decode_predict` returns for the parsed text; None if that must read it, and perhaps reject it.

    Raises:
        InvalidInstances: If the body is such, and the model has no labels although they are asked for.
    """
    beginning = BEGINNING.match(text)
    if beginning is None or signature.input_kind is InputKind.TABLE or signature.other_inputs:
        return None
    start = beginning.end()
    if any(text.find(first, start) >= 0 for first in BEGINNINGS_OF_OTHERS):
        return None
    try:
        rows = orjson.loads(text)[beginning[1].decode()]
    except orjson.JSONDecodeError:
        return None
    if not 0 < len(rows) <= max_instances:
        return None
    spec = signature.input
    batch = read_array(rows, spec.dtype, are_numbers=True)
    if batch is None:
        return None
    if batch.shape[1:] != spec.shape:
        layout = row_layout(signature)
        if not has_layout(batch, layout):
            return None
        batch = fit_layout(batch, layout)
    check_labels(signature, labels=labels, top_k=top_k)
    answer_key = PREDICTIONS_KEY if beginning[1] == ROW_KEY.encode() else OUTPUTS_KEY
    answer_form = choose_answer_form(RowForm.NUMBERS, signature, labels=labels or top_k is not None)
    return PredictRequest({spec.name: batch}, len(batch), answer_key, answer_form, top_k)
