"""OpenAPI descriptions of the prediction routes, which read their parameters themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.openapi.operations import describe_errors, takes_any_body
from api.prediction import examples as errors
from api.tensorflow_serving import examples

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Address:
    """One way to address a version of a model.

    Attributes:
        path: Pattern of the path under /v1/models.
        suffix: Suffix of operation ids.
        summary: Words for the version.
        parameters: Name, description and example of each path parameter.
    """

    path: str
    suffix: str
    summary: str
    parameters: Sequence[tuple[str, str, str | int]]


_MODEL = ("model", "Name of a model.", "iris-keras")

ADDRESSES = (
    Address("/{model}", "", "the newest version of a model", [_MODEL]),
    Address(
        "/{model}/versions/{version}",
        "_version",
        "one version of a model",
        [_MODEL, ("version", "Number of a version.", 1)],
    ),
    Address(
        "/{model}/labels/{label}",
        "_label",
        "the version that an alias points at",
        [_MODEL, ("label", "An alias.", "champion")],
    ),
)

VERBS = {
    "predict": "Predict with",
    "classify": "Classify with",
    "regress": "Regress with",
    "status": "Show the status of",
    "metadata": "Describe the inputs and outputs of",
}

VERSION_HEADER = {"X-Model-Version": {"description": "The version that was used.", "schema": {"type": "string"}}}


def describe_verb(verb: str, address: Address) -> Document:
    """Describe `:predict`, `:classify` and `:regress`."""
    parameters = _parameters(address)
    if verb == "predict":
        parameters.append(
            {
                "name": "labels",
                "in": "query",
                "required": False,
                "description": "Return class labels even if rows are plain numbers.",
                "schema": {"type": "boolean", "default": False},
                "example": True,
            }
        )
        parameters.append(
            {
                "name": "top_k",
                "in": "query",
                "required": False,
                "description": "Return so many classes with their labels, best first.",
                "schema": {"type": "integer", "minimum": 1},
                "example": 3,
            }
        )
    answer = {"examples": _named(examples.ANSWERS[verb]), "schema": {"type": "object"}}
    body = takes_any_body(examples.SCHEMAS.get(verb, examples.SCHEMAS["classify"]), examples.BODIES[verb])
    if verb == "predict":
        body["requestBody"]["content"]["image/*"] = {"schema": examples.IMAGE_SCHEMA}
    return {
        "summary": f"{VERBS[verb]} {address.summary}",
        "responses": {200: {"description": "OK", "headers": VERSION_HEADER, "content": {"application/json": answer}}}
        | describe_errors(
            examples.WRONG_WIDTH,
            *errors.MISSING,
            errors.TOO_LARGE,
            errors.CORRUPT,
            errors.BUSY,
            is_prediction=True,
        ),
        "openapi_extra": body | {"parameters": parameters},
    }


def describe_question(name: str, address: Address) -> Document:
    """Describe the status and the metadata."""
    answer = {"example": examples.QUESTIONS[name], "schema": {"type": "object"}}
    corrupt = (errors.CORRUPT,) if name == "metadata" else ()
    return {
        "summary": f"{VERBS[name]} {address.summary}",
        "responses": {200: {"description": "OK", "content": {"application/json": answer}}}
        | describe_errors(*errors.MISSING, *corrupt, errors.BUSY, is_prediction=True),
        "openapi_extra": {"parameters": _parameters(address)},
    }


def describe_names() -> Document:
    """Describe the list of names."""
    answer = {"example": examples.MODEL_NAMES, "schema": {"type": "object"}}
    return {
        "summary": "List the names of models",
        "responses": {200: {"description": "OK", "content": {"application/json": answer}}}
        | describe_errors(errors.BUSY, is_prediction=True),
    }


def _parameters(address: Address) -> list[Document]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": description,
            "schema": {"type": "integer" if isinstance(example, int) else "string"},
            "example": example,
        }
        for name, description, example in address.parameters
    ]


def _named(values: Document) -> Document:
    return {
        f"answer-{number}": {"summary": name, "value": value}
        for number, (name, value) in enumerate(values.items(), start=1)
    }
