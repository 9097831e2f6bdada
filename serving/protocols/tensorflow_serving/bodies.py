"""Fields that all requests of TensorFlow Serving's REST API have in common."""

from collections.abc import Sequence
from typing import Any

from core.errors import InvalidInstances, nearest
from serving.errors import describe, join_pointer, show

SIGNATURE_NAME = "serving_default"

IGNORED_NAMES = ("parameters", "id")
"""Fields that KServe's and Vertex AI's clients send beside the rows, and servers of those protocols do not need."""


def check_names(body: object, names: Sequence[str]) -> dict[str, Any]:
    """Check that a body is an object with these names, and asks for the only signature.

    Raises:
        InvalidInstances: If it is not.
    """
    if not isinstance(body, dict):
        raise InvalidInstances.at(
            "", f"The body is {describe(body)}, not an object with {_either(names)}.", "not_an_object"
        )
    for name in body:
        if name not in names and name != "signature_name" and name not in IGNORED_NAMES:
            suggestion = nearest(name, [*names, "signature_name"])
            raise InvalidInstances.at(
                join_pointer(name), f"The body has an unknown field '{show(name)}'.{suggestion}", "unknown_field"
            )
    wanted = body.get("signature_name")
    # TensorFlow Serving takes an empty name, as its own metadata give it, for the default.
    if wanted not in (None, "", SIGNATURE_NAME):
        raise InvalidInstances.at(
            "/signature_name",
            f"signature_name is {describe(wanted)}; the only signature of a model is '{SIGNATURE_NAME}'. "
            "Leave signature_name out.",
            "unknown_signature",
        )
    return body


def check_rows(rows: object, where: Sequence[str], max_instances: int) -> list[Any]:
    """Check that this is a list of at least one row and at most max_instances rows.

    Raises:
        InvalidInstances: If it is not.
    """
    name = where[-1]
    if not isinstance(rows, list):
        raise InvalidInstances.at(
            join_pointer(*where),
            f"'{name}' is {describe(rows)}, not a list of rows. Send a list, even for a single row.",
            "not_a_list",
        )
    if not rows:
        raise InvalidInstances.at(join_pointer(*where), f"'{name}' is empty. Send at least one row.", "no_rows")
    if len(rows) > max_instances:
        raise InvalidInstances.at(
            join_pointer(*where),
            f"'{name}' has {len(rows)} rows; at most {max_instances} are allowed. Send them in several requests.",
            "too_many_rows",
        )
    return rows


def _either(names: Sequence[str]) -> str:
    return " or ".join(f"'{name}'" for name in names)
