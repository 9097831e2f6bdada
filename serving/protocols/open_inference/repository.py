"""Index, loading and unloading of models (Triton's model repository extension)."""

from enum import StrEnum
from typing import Any, TypedDict

from core.errors import InvalidInput, nearest
from serving.errors import describe, join_pointer, show, show_names


class ModelState(StrEnum):
    """State of a version, in Triton's words."""

    READY = "READY"
    LOADING = "LOADING"
    UNAVAILABLE = "UNAVAILABLE"


class IndexEntry(TypedDict):
    """A version of a model in the index.

    Attributes:
        reason: Why it is in its state; empty if it is ready.
    """

    name: str
    version: str
    state: ModelState
    reason: str


def read_index_request(fields: object) -> bool:
    """Return True if only models that are ready are asked for.

    Args:
        fields: JSON object of the body.

    Raises:
        InvalidInput: If it is not such an object.
    """
    ready = _check(fields, ("ready",)).get("ready", False)
    if type(ready) is not bool:
        raise InvalidInput.at("/ready", f"'ready' is {describe(ready)}. Send true or false.", "not_a_boolean")
    return ready


def check_load_request(fields: object) -> None:
    """Reject a request to load a model with a configuration or files of the client's, which is not offered.

    Raises:
        InvalidInput: If there are parameters, or it is not such an object.
    """
    parameters = _read_parameters(fields)
    if parameters:
        raise InvalidInput.at(
            "/parameters",
            f"Models are loaded as they were trained or registered; the request has {show_names(tuple(parameters))}. "
            "Leave the parameters out, and register another network as a version of its own.",
            "not_offered",
        )


def check_unload_request(fields: object) -> None:
    """Check a request to unload a model; no model depends on another, so `unload_dependents` changes nothing.

    Raises:
        InvalidInput: If it is not such an object.
    """
    for name, value in _read_parameters(fields).items():
        place = join_pointer("parameters", name)
        if name != "unload_dependents":
            hint = nearest(name, ["unload_dependents"])
            raise InvalidInput.at(place, f"There is no parameter '{show(name)}' here.{hint}", "unknown_field")
        if type(value) is not bool:
            raise InvalidInput.at(place, f"'{name}' is {describe(value)}. Send true or false.", "not_a_boolean")


def _read_parameters(fields: object) -> dict[str, Any]:
    parameters = _check(fields, ("parameters",)).get("parameters")
    if parameters is None:
        return {}
    if type(parameters) is not dict:
        raise InvalidInput.at("/parameters", f"'parameters' is {describe(parameters)}, not an object.", "not_an_object")
    return parameters


def _check(fields: object, known: tuple[str, ...]) -> dict[str, Any]:
    if type(fields) is not dict:
        raise InvalidInput.at("", f"The body is {describe(fields)}, not an object.", "not_an_object")
    for name in fields:
        if name not in known:
            detail = f"The body has an unknown field '{show(name)}'.{nearest(name, known)}"
            raise InvalidInput.at(join_pointer(name), detail, "unknown_field")
    return fields
