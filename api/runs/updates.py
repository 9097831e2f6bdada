"""Changes to runs by people: tags, notes, the experiment, the priority."""

from uuid import UUID

from api.http.errors import PreconditionFailed, PreconditionRequired
from api.runs.schemas import RunPatch
from api.runs.views import is_revision
from api.service import Service
from db import run_edits
from db.records.runs import RunRecord
from db.run_edits import Changes


def update(service: Service, run_id: UUID, change: RunPatch, if_match: str | None) -> None:
    """Change a run.

    Args:
        service: The service.
        run_id: The run.
        change: A merge patch.
        if_match: ETag that the run must have.

    Raises:
        UnknownRun: If there is none.
        PreconditionFailed: If the run has changed since.
        PreconditionRequired: If there are notes that the sender may not have seen.
        InvalidChange: If the run would have too many tags.
        Conflict: If the priority of a run that does not wait is to change.
        InvalidInput: If a text cannot be stored.
    """
    sent = change.model_fields_set
    changes = Changes(
        tags=change.tags if "tags" in sent else {},
        notes=change.notes or None,
        has_notes="notes" in sent,
        experiment=change.experiment if "experiment" in sent else None,
        priority=change.priority if "priority" in sent else None,
    )
    with service.database.transaction() as session:
        record = run_edits.lock(session, run_id)
        _check(record, changes, if_match)
        run_edits.apply(session, record, changes)


def _check(record: RunRecord, changes: Changes, if_match: str | None) -> None:
    if if_match is not None:
        if not is_revision(if_match, record):
            raise PreconditionFailed(f"Run {record.id} has changed since you read it. Read it again, then decide.")
    elif changes.has_notes and record.notes and changes.notes != record.notes:
        raise PreconditionRequired(
            f"Run {record.id} has notes, which this would replace. Read them, and send the ETag of the run as "
            "If-Match; or send If-Match: * to replace them unread."
        )
