"""Parameters and paths that several routes share."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path
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
        # A malformed id is reported like the id of an unknown run.
        raise UnknownRun(f"There is no run '{run_id[:80]}'. Ids look like {EXAMPLE_RUN_ID}; GET /v1/runs lists them.")
    return parsed


RunId = Annotated[UUID, Depends(_read_run_id)]

ModelPath = Annotated[str, Path(description="Name of a model.", examples=["iris-keras"])]


class PageQuery(SpecModel):
    """Query of a page of a list."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE_SIZE)] = 50
    """Maximum number of items on the page."""
    cursor: str | None = None
    """`next_cursor` of the previous page."""


def run_path(run_id: UUID) -> str:
    """Return the path of a run."""
    return f"/v1/runs/{run_id}"


def predict_path(model_name: str, version: int) -> str:
    """Return the path for predictions of a model version."""
    return f"/v1/models/{model_name}/versions/{version}:predict"
