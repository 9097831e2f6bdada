"""Metadata and status of a model, as in TensorFlow Serving."""

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

from core.signatures.encodings import AnyColumnEncoding, NumberEncoding
from core.signatures.labels import Label, LabelType, label_type
from core.signatures.signature import ModelSignature, TensorSpec
from serving.answers import class_labels, has_class_per_row
from serving.protocols.tensorflow_serving.bodies import SIGNATURE_NAME

TENSORFLOW_TYPES = {"float32": "DT_FLOAT", "float64": "DT_DOUBLE", "int64": "DT_INT64", "int32": "DT_INT32"}

COLUMN_TYPES = {"number": "DT_FLOAT", "boolean": "DT_BOOL", "category": "DT_STRING", "date": "DT_STRING"}


class Classes(TypedDict):
    """Classes of a model; TensorFlow Serving has nothing like it.

    Attributes:
        labels: In the order of the outputs, each as it was uploaded: text, a number, true or false.
        type: `text`, `integer`, `number`, `boolean`, or `mixed`.
    """

    labels: list[Label]
    type: LabelType


class Metadata(TypedDict):
    """Response body of `GET .../metadata`."""

    model_spec: dict[str, str]
    metadata: dict[str, Any]
    classes: NotRequired[Classes]


class VersionStatus(TypedDict):
    """Status of one version."""

    version: str
    state: str
    status: dict[str, str]


class Status(TypedDict):
    """Response body of `GET /v1/models/{name}`; KServe's clients read `name` and `ready`."""

    model_version_status: list[VersionStatus]
    name: str
    ready: bool


def build_metadata(model_name: str, version: int, signature: ModelSignature) -> Metadata:
    """Return the tensors and the classes of a model version; 64-bit integers are strings, as in protobuf's JSON."""
    signature_def = {
        "inputs": _describe_inputs(signature),
        "outputs": {signature.output.name: _describe_tensor(signature.output)},
        "method_name": "tensorflow/serving/predict",
        "defaults": {},
    }
    body: Metadata = {
        "model_spec": {"name": model_name, "signature_name": "", "version": str(version)},
        "metadata": {"signature_def": {"signature_def": {SIGNATURE_NAME: signature_def}}},
    }
    if has_class_per_row(signature):
        labels = class_labels(signature)
        body["classes"] = {"labels": list(labels), "type": label_type(labels)}
    return body


def build_status(model_name: str, versions: Sequence[int]) -> Status:
    """Return the status of the available versions, in the order given."""
    available: list[VersionStatus] = [
        {"version": str(version), "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
        for version in versions
    ]
    return {"model_version_status": available, "name": model_name, "ready": bool(available)}


def _describe_inputs(signature: ModelSignature) -> dict[str, Any]:
    """Return the input tensor, or for a table one tensor per column, as in the column form."""
    if signature.table is None:
        return {signature.input.name: _describe_tensor(signature.input)}
    # An instance of a series has a value for each step of its window.
    sizes = (-1, *signature.input.shape[:-1])
    return {
        column.name: {"dtype": _column_type(column), "tensor_shape": _describe_sizes(sizes), "name": column.name}
        for column in signature.table.columns
    }


def _column_type(column: AnyColumnEncoding) -> str:
    """Return the type in which a column's values keep their digits."""
    is_centred = isinstance(column, NumberEncoding) and (column.origin != 0 or column.unit != 1)
    return "DT_DOUBLE" if is_centred else COLUMN_TYPES[column.kind]


def _describe_tensor(tensor: TensorSpec) -> dict[str, Any]:
    # The batch is the first axis and may have any size.
    sizes = (-1, *tensor.shape)
    return {
        "dtype": TENSORFLOW_TYPES[tensor.dtype],
        "tensor_shape": _describe_sizes(sizes),
        "name": tensor.onnx_name,
    }


def _describe_sizes(sizes: Sequence[int]) -> dict[str, Any]:
    return {"dim": [{"size": str(size), "name": ""} for size in sizes], "unknown_rank": False}
