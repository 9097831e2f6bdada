"""TensorFlow Serving's `:classify` and `:regress`: examples of named features.

inputs = decode_classify(body, model.signature, max_instances=1000)
answer = encode_classify(model.run(inputs), model.signature)
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInstances, nearest
from core.signatures.signature import InputKind, ModelSignature, Task
from serving.answers import Answer, answer_rows, class_labels, class_scores, has_class_per_row, shorten_numbers
from serving.errors import describe, join_pointer, show, show_names
from serving.protocols.tensorflow_serving.bodies import check_names, check_rows
from serving.rows.columns import read_columns
from serving.rows.elements import explain_element
from serving.rows.inputs import read_inputs
from serving.rows.tables import read_table_rows
from serving.rows.tensors import RowsPointer, read_tensors

EXAMPLES_KEY = "examples"
CONTEXT_KEY = "context"
ANSWER_KEY = "results"


def decode_classify(body: object, signature: ModelSignature, *, max_instances: int) -> dict[str, NDArray[Any]]:
    """Read a `:classify` body, already parsed from JSON.

    Args:
        body: `{"examples": [{feature: value}, ...], "context": {feature: value}}`; the features in the optional
            context belong to every example. A value is a number or a list of numbers.
        signature: Signature of the model.
        max_instances: Maximum number of examples in a request.

    Returns:
        For each input (num_examples, *input shape), of its type.

    Raises:
        InvalidInstances: If the body does not fit the model, or the model does not classify.
    """
    if not has_class_per_row(signature):
        raise InvalidInstances.at("", "This model does not classify. Use :predict.", "wrong_method")
    return _decode_examples(body, signature, max_instances)


def decode_regress(body: object, signature: ModelSignature, *, max_instances: int) -> dict[str, NDArray[Any]]:
    """Read a `:regress` body, as `decode_classify` does, for a model with one number as output."""
    if signature.task is not Task.REGRESSION or signature.output.shape not in ((1,), ()):
        raise InvalidInstances.at("", "This model does not predict a single number. Use :predict.", "wrong_method")
    return _decode_examples(body, signature, max_instances)


def encode_classify(outputs: Mapping[str, NDArray[Any]], signature: ModelSignature) -> Answer:
    """Return `[label, score]` of every class for each example; the scores are probabilities if the model has them."""
    scores = class_scores(outputs[signature.output.name], signature)
    labels = class_labels(signature)
    rows = [[list(pair) for pair in zip(labels, row, strict=True)] for row in shorten_numbers(scores)]
    return Answer(ANSWER_KEY, rows, is_finite=bool(np.isfinite(scores).all()))


def encode_regress(outputs: Mapping[str, NDArray[Any]], signature: ModelSignature) -> Answer:
    """Return the number of each example."""
    output = outputs[signature.output.name]
    return answer_rows(ANSWER_KEY, output.reshape(len(output)))


def _decode_examples(body: object, signature: ModelSignature, max_instances: int) -> dict[str, NDArray[Any]]:
    if any(len(spec.shape) > 1 for spec in signature.inputs):
        raise InvalidInstances.at(
            "", "An example holds lists of numbers, but this model's input is nested. Use :predict.", "wrong_method"
        )
    fields = check_names(body, (EXAMPLES_KEY, CONTEXT_KEY))
    if EXAMPLES_KEY not in fields:
        raise InvalidInstances.at("", f"The body has no '{EXAMPLES_KEY}'. Send a list of examples.", "missing_field")
    context = _read_context(fields.get(CONTEXT_KEY, {}), signature)
    rows = check_rows(fields[EXAMPLES_KEY], (EXAMPLES_KEY,), max_instances)
    place = RowsPointer((EXAMPLES_KEY,))
    examples = [_merge(index, row, context, place) for index, row in enumerate(rows)]
    if signature.other_inputs:
        return read_inputs([_fit_features(example, signature) for example in examples], signature, place)[0]
    return {signature.input.name: _read_examples(examples, signature, place)}


def _read_examples(examples: list[dict[str, Any]], signature: ModelSignature, place: RowsPointer) -> NDArray[Any]:
    """Read examples of a model with one input."""
    name = signature.input.name
    is_whole = all(len(example) == 1 and isinstance(example.get(name), list) for example in examples)
    if signature.input_kind is InputKind.TABLE and not is_whole:
        return read_table_rows([_unwrap(example) for example in examples], signature, place)
    if signature.input_kind is InputKind.COLUMNS and not is_whole:
        rows = [_unwrap(example) for example in examples]
        return read_columns(rows, signature.columns, place, signature.input.dtype)
    for index, example in enumerate(examples):
        if set(example) != {name}:
            detail = f"Row {index} is an object with {show_names(example)}; the model's one feature is '{name}'."
            raise InvalidInstances.at(place.pointer(index), detail, "unknown_feature")
    if signature.input_kind is InputKind.TABLE:
        return read_table_rows([_as_list(example[name]) for example in examples], signature, place)
    if signature.input.shape:
        values = [_as_list(example[name]) for example in examples]
    else:
        values = [_unwrap(example)[name] for example in examples]
    return read_tensors(values, signature, RowsPointer((EXAMPLES_KEY,), (name,)))


def _read_context(context: object, signature: ModelSignature) -> dict[str, Any]:
    """Return the columns that all examples share, with single values: a long list would be copied for each example."""
    pointer = f"/{CONTEXT_KEY}"
    if not isinstance(context, dict):
        raise InvalidInstances.at(pointer, f"The context is {describe(context)}, not an object.", "not_an_object")
    names = [spec.name for spec in signature.inputs] if signature.other_inputs else signature.columns
    for name, value in _unwrap(context).items():
        if name not in names:
            detail = f"The context has an unknown column '{show(name)}'.{nearest(name, names)}"
            raise InvalidInstances.at(join_pointer(CONTEXT_KEY, name), detail, "unknown_column")
        dtype = next((spec.dtype for spec in signature.inputs if spec.name == name), signature.input.dtype)
        fault = None if signature.input_kind is InputKind.TABLE else explain_element(value, dtype)
        if fault is not None:
            detail = f"The context has {fault.what} for {name}, {fault.reason}."
            raise InvalidInstances.at(join_pointer(CONTEXT_KEY, name), detail, fault.code)
    return context


def _merge(index: int, example: object, context: dict[str, Any], place: RowsPointer) -> dict[str, Any]:
    if not isinstance(example, dict):
        detail = f"Row {index} is {describe(example)}, not an object of features."
        raise InvalidInstances.at(place.pointer(index), detail, "not_an_object")
    for name in context:
        if name in example:
            # TensorFlow Serving does not define which of the two is used.
            detail = f"Row {index} has the feature '{name}', which is in the context too. Send it once."
            raise InvalidInstances.at(place.pointer(index, name), detail, "repeated_feature")
    return {**context, **example} if context else example


def _unwrap(example: dict[str, Any]) -> dict[str, Any]:
    """Return features without the lists around single values; all features in TensorFlow's examples are lists."""
    return {name: value[0] if isinstance(value, list) and len(value) == 1 else value for name, value in example.items()}


def _fit_features(example: dict[str, Any], signature: ModelSignature) -> dict[str, Any]:
    """Return features as rows of their inputs: lists, or single values for an input of single values."""
    values = _unwrap(example)
    lists = [spec.name for spec in signature.inputs if spec.shape]
    return {**values, **{name: _as_list(example[name]) for name in lists if name in example}}


def _as_list(value: object) -> object:
    return value if isinstance(value, list) else [value]
