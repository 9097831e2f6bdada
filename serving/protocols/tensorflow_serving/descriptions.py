"""Metadata and status of a model, as in TensorFlow Serving."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NotRequired, TypedDict

from core.signatures.encodings import AnyColumnEncoding, NumberEncoding
from core.signatures.labels import Label, LabelType, label_type
from core.signatures.signature import ModelSignature, TensorSpec
from serving.answers import class_labels, has_class_per_row
from serving.protocols.tensorflow_serving.bodies import SIGNATURE_NAME

TENSORFLOW_TYPES = {
    "float16": "DT_HALF",
    "float32": "DT_FLOAT",
    "float64": "DT_DOUBLE",
    "bool": "DT_BOOL",
    "str": "DT_STRING",
    **{f"{kind}{bits}": f"DT_{kind.upper()}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)},
}

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


class State(StrEnum):
    """State of a version, as in get_model_status.proto of TensorFlow Serving."""

    START = "START"
    LOADING = "LOADING"
    AVAILABLE = "AVAILABLE"
    UNLOADING = "UNLOADING"
    END = "END"


class ErrorCode(StrEnum):
    """Reason for which a version is not available: those of gRPC's codes that apply."""

    OK = "OK"
    DATA_LOSS = "DATA_LOSS"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    UNAVAILABLE = "UNAVAILABLE"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class VersionState:
    """State of a version.

    Attributes:
        version: Its number.
        error_code: OK unless the version has failed to load.
        error_message: The error, for people; empty if there is none.
    """

    version: int
    state: State = State.AVAILABLE
    error_code: ErrorCode = ErrorCode.OK
    error_message: str = ""


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
        "outputs": {spec.name: _describe_tensor(spec) for spec in signature.outputs},
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


def build_status(model_name: str, versions: Iterable[int | VersionState]) -> Status:
    """Return the status of versions, in the order given; a number means that the version is available.

    The model is ready if one of them is available.
    """
    states = [VersionState(version) if isinstance(version, int) else version for version in versions]
    statuses: list[VersionStatus] = [
        {
            "version": str(state.version),
            "state": state.state,
            "status": {"error_code": state.error_code, "error_message": state.error_message},
        }
        for state in states
    ]
    is_ready = any(state.state is State.AVAILABLE for state in states)
    return {"model_version_status": statuses, "name": model_name, "ready": is_ready}


def _describe_inputs(signature: ModelSignature) -> dict[str, Any]:
    """Return the input tensors, or for a table one tensor per column, as in the column form."""
    if signature.table is None:
        return {spec.name: _describe_tensor(spec) for spec in signature.inputs}
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
