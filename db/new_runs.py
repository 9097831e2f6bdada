"""Runs that are to be queued, and the insertion of any number of them."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Self
from uuid import UUID

from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from core.artifacts import Artifact
from core.notices import Notice, limit_notices
from core.run_state import RunState
from db import experiments
from db.continuations import Continuation
from db.documents import check_storable
from db.records.queued_runs import QueuedRun
from db.records.runs import RunRecord
from db.run_search import indexing
from db.statements import insert_rows

MAYBE_NOT_STORABLE = ("\\u0000", "\\ud")
"""Escapes in JSON of characters that may not be stored: NUL, and halves of surrogate pairs, also of whole ones."""

_COLUMNS = tuple(column.name for column in RunRecord.__table__.columns)

_read_row = attrgetter(*_COLUMNS)

_ABSENT = MappingProxyType(dict.fromkeys(_COLUMNS))


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run to queue; make it with `of`, which checks its texts.

    Attributes:
        model_name: Name under which it registers its model.
        spec: As normalised by core.specs.
        spec_sha256: Hash of the spec, by `hash_spec`.
        dataset: Name and version of the uploaded dataset that it trains on; None for other data.
        submitted_by: Name of the caller's API key; None without keys.
        source_run_id: The run that it repeats, goes on from, or is cloned from.
        continuation: Checkpoint of that run to go on from; None to begin from the start.
        weights: File with the weights that it starts from; None if it starts from none.
        pointer: JSON Pointer to its part of the request, for errors that are found while it is queued.
    """

    experiment: str
    model_name: str
    spec: dict[str, Any]
    spec_sha256: str
    preset: str | None
    tags: dict[str, Any]
    max_attempts: int
    warnings: tuple[Notice, ...]
    notes: str | None
    priority: int
    submitted_by: str | None
    source_run_id: UUID | None
    continuation: Continuation | None
    traceparent: str | None
    dataset: tuple[str, int] | None
    weights: Artifact | None
    pointer: str

    @classmethod
    def of(
        cls,
        *,
        experiment: str,
        model_name: str,
        spec: dict[str, Any],
        preset: str | None = None,
        tags: Mapping[str, Any] | None = None,
        max_attempts: int = 3,
        warnings: Iterable[Notice] = (),
        notes: str | None = None,
        priority: int = 0,
        submitted_by: str | None = None,
        source_run_id: UUID | None = None,
        continuation: Continuation | None = None,
        traceparent: str | None = None,
        dataset: tuple[str, int] | None = None,
        weights: Artifact | None = None,
        pointer: str = "",
    ) -> Self:
        """Check the texts of a run.

        Raises:
            InvalidInput: If a text cannot be stored.
        """
        tags = dict(tags or {})
        texts = {"experiment": experiment, "model": model_name, "preset": preset, "notes": notes, "tags": tags}
        check_storable(texts, pointer)
        text = _write_sorted(spec)
        if any(escape in text for escape in MAYBE_NOT_STORABLE):
            # Seldom more than an emoji; only a look at each text can tell.
            check_storable(spec, f"{pointer}/spec")
        return cls(
            experiment=experiment,
            model_name=model_name,
            spec=spec,
            spec_sha256=_hash(text),
            preset=preset,
            tags=tags,
            max_attempts=max_attempts,
            warnings=limit_notices(warnings),
            notes=notes,
            priority=priority,
            submitted_by=submitted_by,
            source_run_id=source_run_id,
            continuation=continuation,
            traceparent=traceparent,
            dataset=dataset,
            weights=weights,
            pointer=pointer,
        )


def make_row(run: NewRun, now: datetime) -> QueuedRun:
    """Return the row of a queued run, to be inserted with others by `insert_all`."""
    values = dict(
        _ABSENT,
        id=uuid7(),
        experiment=run.experiment,
        model_name=run.model_name,
        preset=run.preset,
        spec=run.spec,
        spec_sha256=run.spec_sha256,
        seed=int(run.spec.get("seed", 0)),
        state=RunState.QUEUED,
        attempt=0,
        num_crashes=0,
        furthest=0,
        max_attempts=run.max_attempts,
        tags=run.tags,
        notes=run.notes,
        priority=run.priority,
        submitted_by=run.submitted_by,
        source_run_id=run.source_run_id,
        traceparent=run.traceparent,
        spec_warnings=run.warnings,
        latest_metrics={},
        stored_bytes=0,
        created_at=now,
        queued_at=now,
        updated_at=now,
        revision=1,
    )
    return QueuedRun(**values)


def insert_all(session: Session, rows: Sequence[QueuedRun]) -> None:
    """Insert rows of `make_row` and what finds them, and create the experiments that are new."""
    experiments.ensure(session, {row.experiment for row in rows})
    insert_rows(session, RunRecord, [_read_row(row) for row in rows])
    indexing.add(session, rows)


_write_sorted = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def hash_spec(spec: Mapping[str, Any]) -> str:
    """Return the sha256, as hexadecimal digits, of a spec as JSON with sorted keys: equal for equal specs."""
    return _hash(_write_sorted(spec))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
