"""Errors that follow from what an operation takes: an address, parameters, a body. No route lists them itself."""

from collections.abc import Iterator
from typing import Any

from api.auth.origins import cross_site_request
from api.http.errors import (
    BodyTooSlow,
    BrokenEncoding,
    InternalError,
    InvalidParameter,
    MisdirectedRequest,
    UnsupportedEncoding,
)
from api.http.problems import is_prediction
from api.openapi.operations import MALFORMED, TOO_LARGE, describe_errors
from core.errors import InvalidInput, TrainyardError

EVERYWHERE = (
    InvalidInput.at("", "The address contains the character U+0000. Remove it.", "nul_character"),
    cross_site_request(),
    MisdirectedRequest(
        "'example.org' is not a name of this service. Without API keys it accepts only its own names. "
        "Use 127.0.0.1 or localhost, or add the name to TRAINYARD_ALLOWED_HOSTS."
    ),
    InternalError(
        "The service failed unexpectedly. Its log has the details under the id 1b4e28ba-2fa1-41d2-883f-0016d3cca427."
    ),
)
"""Errors that any request can be answered with, before its route is known or by a mistake of the service."""

TOO_SLOW = BodyTooSlow("Only 3,012 bytes of the body came in 31 s. Send it faster than 16,384 bytes a second.")

BROKEN = BrokenEncoding("The body is encoded with gzip, but ends too early. Send it again, or as it is.")

UNSUPPORTED = UnsupportedEncoding("The body is encoded with 'br'. Send it as it is, or encoded with gzip or deflate.")

BAD_CURSOR = InvalidInput.at(
    "",
    "'abc' is not a cursor. Send next_cursor of the previous page, unchanged; send none for the first page.",
    "bad_cursor",
)

JSON = "application/json"


def errors_of(operation: dict[str, Any], path: str) -> Iterator[TrainyardError]:
    """Yield an example of each error that follows from the description of an operation."""
    yield from EVERYWHERE
    if "requestBody" in operation:
        yield TOO_SLOW
        yield BROKEN
        yield UNSUPPORTED
        if "413" not in operation["responses"]:
            yield TOO_LARGE
        if JSON in operation["requestBody"]["content"] and not is_prediction(path):
            yield MALFORMED
    for parameter in operation.get("parameters", []):
        if parameter["name"] == "cursor":
            yield BAD_CURSOR
    # The prediction routes read their parameters themselves, and answer in TensorFlow Serving's way.
    refused = None if is_prediction(path) else _find_refusable(operation)
    if refused is not None:
        yield refused


def add_errors(operation: dict[str, Any], *errors: TrainyardError, path: str) -> None:
    """Add errors to the responses of an operation, to those of the same status as further examples.

    Args:
        operation: Operation of the document; is changed.
        errors: One of each kind.
        path: Its path.
    """
    responses = operation["responses"]
    for status, answer in describe_errors(*errors, is_prediction=is_prediction(path)).items():
        documented = responses.get(str(status))
        responses[str(status)] = answer if documented is None else _merge(documented, answer)


def _find_refusable(operation: dict[str, Any]) -> InvalidParameter | None:
    """Return the error for the first parameter that not every text is a value of; None if there is none."""
    for parameter in operation.get("parameters", []):
        came = _find_wrong_text(parameter["schema"])
        if came is not None:
            place, name = parameter["in"], parameter["name"]
            return InvalidParameter(f"The {place} parameter '{name}': {came}.")
        if parameter["in"] == "query":
            name = parameter["name"]
            return InvalidParameter(f"There is no query parameter '{name}s' here. Did you mean '{name}'?")
    return None


def _find_wrong_text(schema: dict[str, Any]) -> str | None:
    """Return an error for a text that is not a value of a parameter; None if every text is."""
    members = [member for member in schema.get("anyOf", [schema]) if member.get("type") != "null"]
    found = [_find_wrong_member(member) for member in members]
    return found[0] if found and all(found) else None


def _find_wrong_member(schema: dict[str, Any]) -> str | None:
    match schema:
        case {"type": "integer"}:
            return "'ten' came; expected a valid integer, unable to parse string as an integer"
        case {"pattern": str(pattern)}:
            return f"'%' came; string should match pattern '{pattern}'"
        case {"maxLength": int(most)}:
            return f"'aaaaaaaaaaaaaaaa…' came; string should have at most {most} characters"
        case {"$ref": _} | {"enum": _}:
            return "'other' came; expected one of the listed values"
    return None


def _merge(documented: dict[str, Any], added: dict[str, Any]) -> dict[str, Any]:
    """Return a response with the description, headers and examples of two."""
    merged = documented | {"description": _join(documented["description"], added["description"])}
    headers = added.get("headers", {}) | documented.get("headers", {})
    if headers:
        merged["headers"] = headers
    contents = dict(documented.get("content", {}))
    for media_type, content in added["content"].items():
        known = contents.get(media_type)
        contents[media_type] = content if known is None else _merge_examples(known, content)
    return merged | {"content": contents}


def _merge_examples(documented: dict[str, Any], added: dict[str, Any]) -> dict[str, Any]:
    listed = list({str(entry["value"]): entry for entry in (*_list(documented), *_list(added))}.values())
    rest = {name: value for name, value in documented.items() if name not in {"example", "examples"}}
    if len(listed) == 1:
        return rest | {"example": listed[0]["value"]}
    names = (str(entry["value"].get("code", "error")) for entry in listed)
    return rest | {
        "examples": {
            f"{name}-{number}": entry for number, (name, entry) in enumerate(zip(names, listed, strict=True), 1)
        }
    }


def _list(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the examples of a body, each with its text as its summary."""
    if "example" in content:
        value = content["example"]
        return [{"summary": value.get("detail") or value.get("error") or "", "value": value}]
    return list(content.get("examples", {}).values())


def _join(description: str, other: str) -> str:
    """Join two descriptions such as `Bad Request: invalid_input.`, whose codes differ."""
    phrase, _, codes = description.removesuffix(".").partition(": ")
    more = other.removesuffix(".").partition(": ")[2]
    return f"{phrase}: {', '.join(dict.fromkeys([*codes.split(', '), *more.split(', ')]))}."
