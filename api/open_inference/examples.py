"""Examples of the Open Inference Protocol."""

from typing import Any

from api.prediction.examples import BUSY, CORRUPT, MISSING, TOO_LARGE
from core.errors import DeadlineExceeded, InvalidInput, InvalidInstances, NotFound, ServerBusy
from serving.protocols.open_inference.metadata import build_server_metadata
from serving.protocols.open_inference.settings import (
    LOG_SETTINGS,
    LOGS_NOT_OFFERED,
    SHARED_MEMORY_NOT_OFFERED,
    TRACE_SETTINGS,
    TRACES_NOT_OFFERED,
    describe_missing_region,
)
from serving.protocols.open_inference.statistics import build_statistics

Document = dict[str, Any]

_ROWS = {"name": "input", "shape": [1, 4], "datatype": "FP32", "data": [5.1, 3.5, 1.4, 0.2]}

_COLUMNS = [
    {"name": name, "shape": [1], "datatype": "FP64", "data": [value]}
    for name, value in zip(("sepal_length", "sepal_width", "petal_length", "petal_width"), _ROWS["data"], strict=True)
]

_PROBABILITIES = {"name": "output", "datatype": "FP32", "shape": [1, 3], "data": [0.9912, 0.0087, 0.0001]}

_LABEL = {"name": "label", "datatype": "BYTES", "shape": [1], "data": ["setosa"]}

_MODEL = {"model_name": "iris-keras", "model_version": "1"}

INFER_BODIES: Document = {
    "All outputs": {"id": "42", "inputs": [_ROWS]},
    "A tensor for each column": {"inputs": _COLUMNS, "outputs": [{"name": "label"}]},
    "The two most likely classes": {
        "inputs": [_ROWS],
        "outputs": [{"name": "output", "parameters": {"classification": 2}}],
    },
}

INFER_ANSWERS: Document = {
    "All outputs": {**_MODEL, "id": "42", "outputs": [_PROBABILITIES, _LABEL]},
    "The two most likely classes": {
        **_MODEL,
        "outputs": [
            {
                "name": "output",
                "datatype": "BYTES",
                "shape": [1, 2],
                "data": ["0.9912:0:setosa", "0.0087:1:versicolor"],
            }
        ],
    },
}

BINARY_ANSWER = (
    '{"model_name":"iris-keras","model_version":"1","outputs":[{"name":"output","datatype":"FP32","shape":[1,3],'
    '"parameters":{"binary_data_size":12}}]}, then 12 bytes'
)

_PARAMETERS = {"type": ["object", "null"], "additionalProperties": {"type": ["string", "number", "boolean"]}}

_INPUT = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
        "datatype": {"type": "string", "description": "BOOL, INT8 to INT64, UINT8 to UINT64, FP16 to FP64, BYTES."},
        "parameters": _PARAMETERS | {"description": "`binary_data_size`, if the data are in the body after the JSON."},
        "data": {"type": "array", "items": {}, "description": "Nested as the shape says, or all elements in a row."},
    },
    "required": ["name", "shape", "datatype"],
}

_OUTPUT = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "parameters": _PARAMETERS | {"description": "`binary_data`: true; `classification`: the number of classes."},
    },
    "required": ["name"],
}

INFER_SCHEMA: Document = {
    "type": "object",
    "properties": {
        "id": {"type": ["string", "null"], "description": "Repeated in the answer."},
        "parameters": _PARAMETERS
        | {"description": "`timeout` in microseconds, `binary_data_output`; others are repeated in the answer."},
        "inputs": {"type": "array", "items": _INPUT, "minItems": 1},
        "outputs": {"type": ["array", "null"], "items": _OUTPUT, "description": "All, if it is left out."},
        "model_name": {"description": "Ignored; KServe's clients send it."},
        "model_version": {"description": "Ignored."},
    },
    "required": ["inputs"],
}

SERVER_METADATA = build_server_metadata("0.1.0")

METADATA: Document = {
    "name": "iris-keras",
    "versions": ["1"],
    "platform": "onnxruntime_onnx",
    "inputs": [{"name": "input", "datatype": "FP32", "shape": [-1, 4]}],
    "outputs": [
        {"name": "output", "datatype": "FP32", "shape": [-1, 3]},
        {"name": "label", "datatype": "BYTES", "shape": [-1]},
    ],
}

CONFIGURATION: Document = {
    "name": "iris-keras",
    "platform": "onnxruntime_onnx",
    "backend": "onnxruntime",
    "max_batch_size": 10000,
    "input": [{"name": "input", "data_type": "TYPE_FP32", "dims": [4]}],
    "output": [
        {"name": "output", "data_type": "TYPE_FP32", "dims": [3]},
        {"name": "label", "data_type": "TYPE_STRING", "dims": [1], "reshape": {"shape": []}},
    ],
    "parameters": {"labels": {"string_value": '["setosa","versicolor","virginica"]'}},
}

STATISTICS: Document = {"model_stats": [build_statistics("iris-keras", 1, None)]}

INDEX = [
    {"name": "iris-keras", "version": "1", "state": "READY", "reason": ""},
    {"name": "pets", "version": "3", "state": "UNAVAILABLE", "reason": "unloaded"},
]

MODEL_NAMES: Document = {"models": ["iris-keras", "pets"]}

READY: Document = {"name": "iris-keras", "ready": True}

TRACES = TRACE_SETTINGS

LOGS = LOG_SETTINGS

WRONG_SHAPE = InvalidInstances(
    "The input 'input' has the shape [1, 3]; the model takes FP32 in the shape [-1, 4], where -1 is any length, and "
    "the first axis is the number of rows."
)

UNLOADED = InvalidInput("Model 'pets' is unloaded. Load it: POST /v2/repository/models/pets/load.")

WITH_FILES = InvalidInput(
    "Models are loaded as they were trained or registered; the request has 'config'. Leave the parameters out, and "
    "register another network as a version of its own."
)

NO_TRACES = InvalidInput(TRACES_NOT_OFFERED)

NO_LOGS = InvalidInput(LOGS_NOT_OFFERED)

NO_SHARED_MEMORY = InvalidInput(SHARED_MEMORY_NOT_OFFERED)

NO_REGION = NotFound(describe_missing_region("input_data"))

EXPIRED = DeadlineExceeded("The model did not answer within the request's time limit: 3 requests wait for it.")

FULL = ServerBusy("1000 requests wait for this model. Send it again a little later.")

FOR_MODELS = (*MISSING, UNLOADED, CORRUPT, BUSY)
"""Errors of operations that need a model's network."""

FOR_INFERENCE = (WRONG_SHAPE, TOO_LARGE, EXPIRED, FULL, *FOR_MODELS)
