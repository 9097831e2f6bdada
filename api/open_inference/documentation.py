"""OpenAPI descriptions of the Open Inference Protocol."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.http.errors import status_of
from api.open_inference import examples
from api.openapi.operations import Responses, describe_errors, takes_any_body
from core.errors import TrainyardError

Document = dict[str, Any]

PARAMETERS = {
    "model": ("Name of a model.", "iris-keras"),
    "version": ("Number of a version, or an alias.", "1"),
    "region": ("Name of a region of shared memory.", "input_data"),
}

LENGTH_HEADER = "Inference-Header-Content-Length"

VERSION_HEADER = {"X-Model-Version": {"description": "The version that was used.", "schema": {"type": "string"}}}

BINARY_SCHEMA = {"type": "string", "format": "binary", "description": "JSON, then binary data."}


def describe(
    summary: str,
    example: Any,
    *errors: TrainyardError,
    names: Sequence[str] = (),
    body: Mapping[str, Any] | None = None,
    is_required: bool = True,
) -> Document:
    """Describe an operation.

    Args:
        summary: One line.
        example: Body of its answer; None if it only answers errors, of which the first is the most usual.
        errors: One error of each kind.
        names: Parameters of its path.
        body: Example bodies by their summaries; None if it takes none.
        is_required: False if the body may be empty.
    """
    extra: Document = {"parameters": [_describe_parameter(name) for name in names]}
    if body is not None:
        extra |= takes_any_body({"type": "object"}, body)
        extra["requestBody"]["required"] = is_required
    answer = {"type": "object"}
    schema = {"type": "array", "items": answer} if isinstance(example, list) else answer
    content = {"application/json": {"example": example, "schema": schema}}
    hoped: Responses = {} if example is None else {200: {"description": "OK", "content": content}}
    description = {
        "summary": summary,
        "responses": hoped | describe_errors(*errors, is_prediction=True),
        "openapi_extra": extra,
    }
    # Without a status of its own, an operation would be documented to succeed.
    return description if hoped else description | {"status_code": int(status_of(errors[0]))}


def describe_infer(names: Sequence[str]) -> Document:
    """Describe inference for these parameters of the path."""
    whose = "one version of a model" if "version" in names else "the newest version of a model"
    description = describe(
        f"Predict tensors with {whose}",
        {},
        *examples.FOR_INFERENCE,
        names=names,
        body=examples.INFER_BODIES,
    )
    request = description["openapi_extra"]["requestBody"]["content"]
    request["application/json"]["schema"] = examples.INFER_SCHEMA
    request["application/octet-stream"] = {"schema": BINARY_SCHEMA}
    description["openapi_extra"]["parameters"].append(
        {
            "name": LENGTH_HEADER,
            "in": "header",
            "required": False,
            "description": "Length of the JSON, if binary data follow it; 0 if the body is the data of the only input.",
            "schema": {"type": "integer", "minimum": 0},
        }
    )
    answer = description["responses"][200]
    answer["headers"] = VERSION_HEADER | {
        LENGTH_HEADER: {"description": "Length of the JSON, if binary data follow it.", "schema": {"type": "string"}}
    }
    named = {
        f"answer-{number}": {"summary": name, "value": value}
        for number, (name, value) in enumerate(examples.INFER_ANSWERS.items(), start=1)
    }
    answer["content"] = {
        "application/json": {"examples": named, "schema": {"type": "object"}},
        "application/octet-stream": {"schema": BINARY_SCHEMA, "example": examples.BINARY_ANSWER},
    }
    return description


def _describe_parameter(name: str) -> Document:
    description, example = PARAMETERS[name]
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string"},
        "example": example,
    }
