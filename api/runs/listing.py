"""Lists of runs: found by a filter, sorted, and written with the fields that were asked for."""

from typing import Annotated, Any

import orjson
from pydantic import BaseModel, Field

from api.http.parameters import PageQuery
from api.runs.selection import Selection
from api.service import Service
from core.filters.syntax import MAX_LENGTH
from core.run_state import RunState
from db import workers
from db.run_search import rows
from db.run_search.pages import NEWEST_FIRST, Search, find_page

MAX_RUNS = 1_000


class RunQuery(PageQuery):
    """Query of a list of runs."""

    filter: (
        Annotated[str, Field(max_length=MAX_LENGTH, examples=["state = succeeded and tags.team = vision"])] | None
    ) = None
    """Condition in the filter language (docs/finding_runs.md), such as
    `metrics."epoch/validation/accuracy".best > 0.9 and created_at > now-7d`."""
    find: Annotated[str, Field(max_length=200, examples=["baseline"])] | None = None
    """Words; each is the beginning of a word in the names, the tags or the notes of the run."""
    sort: Annotated[str, Field(max_length=300, examples=["-created_at"])] = NEWEST_FIRST
    """Field to sort by; `-` before it, or ` desc` after it, for the greatest first. Runs without a value come last."""
    fields: Annotated[str, Field(max_length=MAX_LENGTH, examples=["id,state,tags.team"])] | None = None
    """Fields of each run, separated by commas, such as `id,state,metrics."epoch/train/loss".best`; `*` stands for all
    that a list has without this parameter, which leaves out `metrics`, `spec` and `duration_seconds`."""
    count: bool = False
    """Also count the runs on all pages."""
    state: tuple[RunState, ...] = ()
    """Only runs in this state; may be repeated."""
    experiment: Annotated[str, Field(max_length=200)] | None = None
    """Only runs of this experiment."""
    model: Annotated[str, Field(max_length=200)] | None = None
    """Only runs that train this model."""
    limit: Annotated[int, Field(ge=1, le=MAX_RUNS)] = 50
    """Maximum number of items on the page."""


def write_page(service: Service, query: RunQuery) -> bytes:
    """Return a page of runs as JSON.

    Raises:
        InvalidFilter: If the filter, the order or the fields have a mistake.
        InvalidInput: If the cursor is invalid, or of another list.
    """
    selection = Selection.parse(query.fields)
    search = Search(
        filter=query.filter,
        find=query.find,
        sort=query.sort,
        states=query.state,
        experiment=query.experiment,
        model=query.model,
    )
    with service.database.reading() as session:
        found = find_page(session, search, limit=query.limit, cursor=query.cursor, is_counted=query.count)
        runs = rows.read_columns(session, found.ids, selection.columns)
        is_waiting = selection.has_wait and any(run.state == RunState.QUEUED for run in runs)
        waiting_for = workers.look(session).waiting_for() if is_waiting else None
        keys = selection.metric_keys
        summaries = rows.read_summaries(session, found.ids, keys) if selection.has_metrics else {}
    page = {
        "items": [selection.read(run, waiting_for, summaries) for run in runs],
        "next_cursor": found.next_cursor,
        "total": found.total,
    }
    return write_json(page)


def write_json(document: Any) -> bytes:
    """Return a document as JSON; times end with Z, as in other responses."""
    return orjson.dumps(document, default=_dump, option=orjson.OPT_UTC_Z)


def _dump(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} is not written as JSON")
