"""How routes are described in the OpenAPI document: request bodies read by us, error answers, examples."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from api.http.errors import PROBLEM_MEDIA_TYPE, build_problem, status_of
from core.errors import DatabaseUnavailable, TrainyardError

Responses = dict[int | str, dict[str, Any]]

SCHEMA_PREFIX = "#/components/schemas/"

DATABASE_DOWN = DatabaseUnavailable("The database does not answer: connection refused. Try again.")


def answers(
    example: Any = None,
    *errors: TrainyardError,
    status: int = HTTPStatus.OK,
    media_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
    uses_database: bool = True,
) -> Responses:
    """The `responses` of a route.

    Args:
        example: Body of the answer that is hoped for; None where it has no body or says nothing.
        errors: One of each kind that a client can meet; what each says becomes the example.
        status: Of the answer that is hoped for.
        media_type: Of its body.
        headers: Headers of that answer by name, with what they say.
        uses_database: Whether a database that does not answer is among the errors.
    """
    hoped: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if example is not None:
        hoped["content"] = {media_type: {"example": example}}
    if headers:
        hoped["headers"] = {name: {"description": text, "schema": {"type": "string"}} for name, text in headers.items()}
    responses: Responses = {int(status): hoped}
    told = (*errors, DATABASE_DOWN) if uses_database else errors
    return responses | describe_errors(*told)


def describe_errors(*errors: TrainyardError, is_prediction: bool = False) -> Responses:
    """Error answers, several of one status as several examples."""
    by_status: dict[HTTPStatus, list[TrainyardError]] = {}
    for error in errors:
        by_status.setdefault(status_of(error), []).append(error)
    return {
        int(status): {
            "description": f"{status.phrase}: {', '.join(dict.fromkeys(error.code for error in group))}.",
            "content": _describe_group(status, group, is_prediction=is_prediction),
        }
        for status, group in sorted(by_status.items())
    }


def takes_body(
    model: type[BaseModel], examples: Mapping[str, Any], media_type: str = "application/json"
) -> dict[str, Any]:
    """The `openapi_extra` of a route whose body we parse ourselves.

    Args:
        model: What the body has to be; api/openapi/document.py adds its schema to the document.
        examples: Bodies by what they ask for, each of which works as it stands.
        media_type: Of the body.
    """
    return takes_any_body({"$ref": SCHEMA_PREFIX + model.__name__}, examples, media_type)


def takes_any_body(
    schema: Mapping[str, Any], examples: Mapping[str, Any], media_type: str = "application/json"
) -> dict[str, Any]:
    """As `takes_body`, for a body that no model describes."""
    content: dict[str, Any] = {"schema": dict(schema)}
    if examples:
        content["examples"] = {
            name.lower().replace(" ", "-"): {"summary": name, "value": value} for name, value in examples.items()
        }
    return {"requestBody": {"required": True, "content": {media_type: content}}}


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
