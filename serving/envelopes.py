"""What surrounds the rows in a request body: the names in it, the signature asked for, how many rows there are."""

from collections.abc import Sequence
from typing import Any

from core.errors import nearest
from serving.refusals import describe, join_pointer, refuse, show

SIGNATURE_NAME = "serving_default"


def check_names(body: object, names: Sequence[str]) -> dict[str, Any]:
    """Check that a body is an object of these names, and asks for the one signature there is.

    Raises:
        InvalidInstances: If it is not.
    """
    if not isinstance(body, dict):
        raise refuse(
            f"The body is {describe(body)}, where an object with {_either(names)} belongs.", "", "not_an_object"
        )
    for name in body:
        if name not in names and name != "signature_name":
            suggestion = nearest(name, [*names, "signature_name"])
            raise refuse(
                f"The body has an unknown field '{show(name)}'.{suggestion}", join_pointer(name), "unknown_field"
            )
    wanted = body.get("signature_name", SIGNATURE_NAME)
    if wanted != SIGNATURE_NAME:
        raise refuse(
            f"The signature asked for is {describe(wanted)}; every model here has one, '{SIGNATURE_NAME}'. "
            "Leave signature_name out.",
            "/signature_name",
            "unknown_signature",
        )
    return body


def check_rows(rows: object, where: Sequence[str], max_instances: int) -> list[Any]:
    """Check that this is a list of at least one row and of no more than are allowed.

    Raises:
        InvalidInstances: If it is not.
    """
    name = where[-1]
    pointer = join_pointer(*where)
    if not isinstance(rows, list):
        raise refuse(
            f"'{name}' is {describe(rows)}, where a list of rows belongs. Send a list, also of a single row.",
            pointer,
            "not_a_list",
        )
    if not rows:
        raise refuse(f"'{name}' is empty. Send one row or more.", pointer, "no_rows")
    if len(rows) > max_instances:
        raise refuse(
            f"'{name}' has {len(rows)} rows; at most {max_instances} are answered at once. "
            "Send them in several requests.",
            pointer,
            "too_many_rows",
        )
    return rows


def _either(names: Sequence[str]) -> str:
    return " or ".join(f"'{name}'" for name in names)
