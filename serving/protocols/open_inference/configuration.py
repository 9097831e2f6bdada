"""Configuration of a model, as Triton answers it (model_config.proto as JSON).

https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_model_configuration.md
"""

from typing import Any

import orjson

from serving.protocols.open_inference.interface import Interface, InterfaceTensor
from serving.protocols.open_inference.metadata import PLATFORM

BACKEND = "onnxruntime"


def build_configuration(model_name: str, interface: Interface, max_rows: int) -> dict[str, Any]:
    """Return the configuration of a model; its labels and columns are among the parameters, as JSON texts.

    Args:
        model_name: Of the model.
        interface: Of the version that is described.
        max_rows: Maximum number of rows in a request.
    """
    parameters = {"labels": interface.labels, "columns": interface.signature.columns}
    return {
        "name": model_name,
        "platform": PLATFORM,
        "backend": BACKEND,
        "version_policy": {"all": {}},
        "max_batch_size": max_rows,
        "input": [
            _describe(tensor)
            | {"format": "FORMAT_NONE", "is_shape_tensor": False, "allow_ragged_batch": False, "optional": False}
            for tensor in interface.described_inputs
        ],
        "output": [
            _describe(tensor) | {"label_filename": "", "is_shape_tensor": False}
            for tensor in interface.outputs.values()
        ],
        "dynamic_batching": {},
        "instance_group": [],
        "default_model_filename": "model.onnx",
        "parameters": {
            name: {"string_value": orjson.dumps(values).decode()} for name, values in parameters.items() if values
        },
    }


def _describe(tensor: InterfaceTensor) -> dict[str, Any]:
    """Return a tensor without the axis of the rows; Triton writes a row of one number as a list of one."""
    fields: dict[str, Any] = {"name": tensor.name, "data_type": tensor.datatype.config_name}
    if tensor.shape:
        return fields | {"dims": list(tensor.shape)}
    return fields | {"dims": [1], "reshape": {"shape": []}}
