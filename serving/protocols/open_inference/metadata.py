"""Metadata of the server and of models, and their readiness.

Open Inference Protocol, "Server Metadata" and "Model Metadata"; the names of the extensions are Triton's.
"""

from collections.abc import Iterable, Sequence
from typing import TypedDict

from serving.protocols.open_inference.interface import Interface, InterfaceTensor

SERVER_NAME = "trainyard"

EXTENSIONS = (
    "classification",
    "model_repository",
    "model_repository(unload_dependents)",
    "model_configuration",
    "binary_tensor_data",
    "parameters",
    "schedule_policy",
    "statistics",
)

PLATFORM = "onnxruntime_onnx"


class ServerMetadata(TypedDict):
    """Response body of `GET /v2`."""

    name: str
    version: str
    extensions: list[str]


class TensorMetadata(TypedDict):
    """An input or output; -1 in the shape is any length, and the first axis the number of rows."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(TypedDict):
    """Response body of `GET /v2/models/{name}`."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class ModelReadiness(TypedDict):
    """Response body of `GET /v2/models/{name}/ready`."""

    name: str
    ready: bool


def build_server_metadata(version: str) -> ServerMetadata:
    """Return the metadata of the server, of this version."""
    return {"name": SERVER_NAME, "version": version, "extensions": list(EXTENSIONS)}


def build_model_metadata(model_name: str, versions: Sequence[int], interface: Interface) -> ModelMetadata:
    """Return the metadata of a model.

    Args:
        model_name: Of the model.
        versions: Those that may be asked for by number.
        interface: Of the version that is described.
    """
    return {
        "name": model_name,
        "versions": [str(version) for version in sorted(versions)],
        "platform": PLATFORM,
        "inputs": _describe(interface.described_inputs),
        "outputs": _describe(interface.outputs.values()),
    }


def _describe(tensors: Iterable[InterfaceTensor]) -> list[TensorMetadata]:
    return [{"name": tensor.name, "datatype": tensor.datatype.name, "shape": tensor.dimensions} for tensor in tensors]
