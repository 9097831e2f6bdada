"""Changes to runs by people: tags, notes, the experiment, the priority."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import Conflict, InvalidChange
from core.run_state import RunState
from db import experiments, job_tables
from db.documents import check_storable
from db.job_tables import RUNS
from db.records.runs import RunRecord
from db.run_search import indexing
from db.statements import database_now

MAX_TAGS = 50


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to change.

    Attributes:
        tags: Tags to set, None for those to delete; None in place of all to delete every one.
        notes: The new notes, None for none.
        has_notes: True if the notes are to change.
        experiment: The new experiment; None to keep the old one.
        priority: The new priority; None to keep the old one.
    """

    tags: Mapping[str, str | None] | None
    notes: str | None
    has_notes: bool
    experiment: str | None
    priority: int | None


def lock(session: Session, run_id: UUID) -> RunRecord:
    """Return a run, locked until the transaction ends.

    Raises:
        UnknownRun: If there is none.
    """
    return job_tables.get_locked(session, RUNS, run_id)


def apply(session: Session, record: RunRecord, changes: Changes) -> None:
    """Change a run that is locked. Nothing is written if it is like that already.

    Raises:
        InvalidChange: If it would have too many tags.
        InvalidInput: If a text cannot be stored; pointers are those of the body of the request.
        Conflict: If the priority of a run that does not wait is to change.
    """
    check_storable({"tags": dict(changes.tags or {}), "notes": changes.notes, "experiment": changes.experiment})
    tags = _merge(record, changes.tags)
    notes = changes.notes if changes.has_notes else record.notes
    experiment = record.experiment if changes.experiment is None else changes.experiment
    priority = record.priority if changes.priority is None else changes.priority
    if priority != record.priority and record.state != RunState.QUEUED:
        raise Conflict(f"Run {record.id} is {record.state}; only the priority of a queued run can change.")
    if (tags, notes, experiment, priority) == (record.tags, record.notes, record.experiment, record.priority):
        return
    experiments.ensure(session, {experiment})
    words = indexing.find_words(record)
    record.tags, record.notes, record.experiment, record.priority = tags, notes, experiment, priority
    record.revision += 1
    record.updated_at = session.scalars(select(database_now())).one()
    session.flush()
    indexing.replace(session, record, words)


def _merge(record: RunRecord, tags: Mapping[str, str | None] | None) -> dict[str, str]:
    if tags is None:
        return {}
    merged = {**record.tags, **tags}
    kept = {name: value for name, value in merged.items() if value is not None}
    if len(kept) > MAX_TAGS:
        raise InvalidChange.at(
            "/tags",
            f"The run would have {len(kept)} tags; at most {MAX_TAGS} are allowed. Delete some.",
            "too_many_tags",
        )
    return kept
