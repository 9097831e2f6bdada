"""OpenAPI descriptions of resources and their routes: request bodies, errors, examples."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from api.http.errors import status_of
from api.http.parameters import EXAMPLE_RUN_ID
from api.http.problems import PROBLEM_MEDIA_TYPE, build_problem
from core.errors import (
    ArtifactCorrupt,
    BodyTooLarge,
    DatabaseUnavailable,
    InvalidInput,
    TrainyardError,
    UnknownPreset,
    UnknownRun,
)

Responses = dict[int | str, dict[str, Any]]

SCHEMA_PREFIX = "#/components/schemas/"

DATABASE_DOWN = DatabaseUnavailable("The database does not answer: connection refused. Try again.")

MALFORMED = InvalidInput("The body is not JSON: Expecting ',' delimiter, at line 1, column 24.")

TOO_LARGE = BodyTooLarge(
    "The body is larger than the 1,048,576 bytes that this route accepts. Send less, or raise TRAINYARD_MAX_BODY_BYTES."
)

UNKNOWN_RUN = UnknownRun(
    f"There is no run {EXAMPLE_RUN_ID}. It may have been deleted; GET /v1/runs lists those that exist."
)

UNKNOWN_PRESET = UnknownPreset("There is no preset 'binary-ader'. Did you mean 'binary-adder'?")

CORRUPT = ArtifactCorrupt("The artifact 8f434346648f… has changed on disk. Train the run again.")


ERROR_HEADERS: Mapping[HTTPStatus, Mapping[str, str]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "The way to send a key (RFC 6750)."},
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: {"Accept-Encoding": "Encodings that are accepted (RFC 9110 section 12.5.3)."},
    HTTPStatus.TOO_MANY_REQUESTS: {
        "Retry-After": "Seconds to wait before the next try; absent if waiting does not help."
    },
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": "Seconds to wait before the next try."},
}
"""Headers of error responses, by status."""


class Resource(APIRouter):
    """Routes of a resource, with its OpenAPI description.

    Args:
        tag: Name of the resource in the document.
        description: One-sentence description.
        prefix: Prefix of the paths of all routes.
        bodies: Models of the request bodies that its routes parse themselves.
    """

    def __init__(self, tag: str, description: str, *, prefix: str = "", bodies: Sequence[type[BaseModel]] = ()) -> None:
        super().__init__(prefix=prefix, tags=[tag], generate_unique_id_function=lambda route: route.name)
        self.tag = tag
        self.description = description
        self.bodies = tuple(bodies)


def answers(
    example: Any = None,
    *errors: TrainyardError,
    status: int = HTTPStatus.OK,
    media_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
    uses_database: bool = True,
    other_forms: Mapping[str, Any] | None = None,
) -> Responses:
    """Return the `responses` of a route.

    Args:
        example: Body of the success response; None if it has no body or no example.
        errors: One error of each kind; their texts become examples.
        status: Status of the success response.
        media_type: Media type of its body.
        headers: Descriptions of its headers, by name.
        uses_database: True to add the error of an unavailable database.
        other_forms: Examples of other media types that a client may ask for, by media type.
    """
    hoped: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if example is not None:
        hoped["content"] = {
            form: {"example": shown} for form, shown in {media_type: example, **(other_forms or {})}.items()
        }
    if headers:
        hoped["headers"] = describe_headers(headers)
    responses: Responses = {int(status): hoped}
    met = (*errors, DATABASE_DOWN) if uses_database else errors
    return responses | describe_errors(*met)


def describe_errors(*errors: TrainyardError, is_prediction: bool = False) -> Responses:
    """Return error responses, with an example for each error of a status."""
    by_status: dict[HTTPStatus, list[TrainyardError]] = {}
    for error in errors:
        by_status.setdefault(status_of(error), []).append(error)
    return {
        int(status): {
            "description": f"{status.phrase}: {', '.join(dict.fromkeys(error.code for error in group))}.",
            "content": _describe_group(status, group, is_prediction=is_prediction),
        }
        | ({"headers": describe_headers(ERROR_HEADERS[status])} if status in ERROR_HEADERS else {})
        for status, group in sorted(by_status.items())
    }


def takes_body(
    model: type[BaseModel], examples: Mapping[str, Any], media_type: str = "application/json"
) -> dict[str, Any]:
    """Return the `openapi_extra` of a route that parses its own body.

    Args:
        model: Model of the body; one of the `bodies` of the resource, whose schemas are in the document.
        examples: Valid bodies by their summaries.
        media_type: Media type of the body.
    """
    return takes_any_body({"$ref": SCHEMA_PREFIX + model.__name__}, examples, media_type)


def takes_any_body(
    schema: Mapping[str, Any], examples: Mapping[str, Any], media_type: str = "application/json"
) -> dict[str, Any]:
    """Return the same as `takes_body` for a body without a model."""
    content: dict[str, Any] = {"schema": dict(schema)}
    if examples:
        content["examples"] = {
            name.lower().replace(" ", "-"): {"summary": name, "value": value} for name, value in examples.items()
        }
    return {"requestBody": {"required": True, "content": {media_type: content}}}


def describe_path_parameters(path: str, texts: Mapping[str, tuple[str, Any]]) -> list[dict[str, Any]]:
    """Return the descriptions of a path's parameters, for routes that read them themselves.

    Args:
        path: Template of the path.
        texts: Description and example of each parameter by its name; those that the path lacks are left out.
    """
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": description,
            "schema": {"type": "string"},
            "example": example,
        }
        for name, (description, example) in texts.items()
        if f"{{{name}}}" in path
    ]


def _describe_group(status: HTTPStatus, group: list[TrainyardError], *, is_prediction: bool) -> dict[str, Any]:
    schema = SCHEMA_PREFIX + ("PredictionError" if is_prediction else "ProblemDocument")
    values = [
        {"error": error.detail} if is_prediction else build_problem(status, error.detail, error.code, error.problems)
        for error in group
    ]
    content: dict[str, Any] = {"schema": {"$ref": schema}}
    if len(values) == 1:
        content["example"] = values[0]
    else:
        content["examples"] = {
            f"{error.code}-{number}": {"summary": error.detail, "value": value}
            for number, (error, value) in enumerate(zip(group, values, strict=True), start=1)
        }
    return {"application/json" if is_prediction else PROBLEM_MEDIA_TYPE: content}


def describe_headers(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the descriptions of headers, by name."""
    return {name: {"description": text, "schema": {"type": "string"}} for name, text in texts.items()}
