"""Parameters that several routes share."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Path, Response
from pydantic import Field

from core.errors import UnknownRun
from core.specs.base import SpecModel

EXAMPLE_RUN_ID = "01935a3f-2d4c-7e21-9c1b-5a1f4e0d7b62"

MAX_PAGE_SIZE = 200


async def _read_run_id(
    run_id: Annotated[str, Path(description="Id of a run.", examples=[EXAMPLE_RUN_ID])],
) -> UUID:
    try:
        parsed = UUID(run_id)
    except ValueError:
        parsed = None
    if parsed is None or str(parsed) != run_id.lower():
        # A word that is no id names no run either; which of the two it is makes no difference to who sent it.
        raise UnknownRun(f"There is no run '{run_id[:80]}'. Ids look like {EXAMPLE_RUN_ID}; GET /v1/runs lists them.")
    return parsed


RunId = Annotated[UUID, Depends(_read_run_id)]

ModelPath = Annotated[str, Path(description="Name of a model.", examples=["iris-keras"])]

IfNoneMatch = Annotated[
    str | None,
    Header(alias="If-None-Match", description="ETag of the answer you have; 304 if it is still the same."),
]


class PageQuery(SpecModel):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE_SIZE)] = 50
    """Most items of the page."""
    cursor: str | None = None
    """`next_cursor` of the page before."""


def is_unchanged(if_none_match: str | None, etag: str) -> bool:
    """Whether a client has this answer already (RFC 9110 section 13.1.2, weak comparison)."""
    if if_none_match is None:
        return False
    known = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in known or etag.removeprefix("W/") in known


def is_match(if_match: str, etag: str) -> bool:
    """Whether a client knows the present state (RFC 9110 section 13.1.1, strong comparison)."""
    known = [tag.strip() for tag in if_match.split(",")]
    return "*" in known or etag in known


def not_modified(etag: str) -> Response:
    """Tell a client that what it has is still the answer."""
    return Response(status_code=304, headers={"ETag": etag})


def json_answer(model: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer of one of our models, for routes that also set headers."""
    return Response(model.model_dump_json(), status_code=status, headers=headers or {}, media_type="application/json")
