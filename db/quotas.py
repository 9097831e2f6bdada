"""Quotas of submitters: their limits, what they use, and the checks of what they ask for.

A check locks its submitter until the transaction ends and then counts, so that any number of requests at once get no
more than one after another would. What several submitters share on disk, as equal files are stored once, counts for
each of them: otherwise what one uses would grow when another one deletes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.errors import PriorityTooHigh, QuotaExceeded
from core.quotas import NOBODY, Limits, Use
from db.cursors import Page, read_cursor, write_cursor
from db.fair_shares import IN_PAUSE, IS_QUEUED, MAY_START, count_running, submitted_by
from db.records.datasets import DatasetVersionRecord
from db.records.metrics import MetricSeriesRecord
from db.records.registry import ModelVersionRecord
from db.records.runs import ArtifactRecord, CheckpointRecord, RunRecord
from db.records.service import SubmitterRecord
from db.statements import insert_unless_there

if TYPE_CHECKING:
    # A run may continue another one, whose files count for somebody: these modules would import each other.
    from db.new_runs import NewRun

BYTES_A_POINT = 16
"""Estimate of what a point of a curve takes in the database."""

QUEUE_RETRY_SECONDS = 30
"""Time after which a queue that is full has probably moved on."""

_COLUMNS = {field.name: f"max_{field.name}" for field in fields(Limits)}

_SUBMITTERS = SubmitterRecord.__table__.c

_LIMITS = select(*(_SUBMITTERS[name] for name in _COLUMNS.values())).where(_SUBMITTERS.name == bindparam("name"))
"""The columns in the order of the fields of Limits; built once, because each submission reads them."""


@dataclass(frozen=True, slots=True)
class Submitter:
    """A submitter with its own limits and its use.

    Attributes:
        name: Name of its keys; None for everybody without keys.
        limits: Its own; None where the settings' hold.
    """

    name: str | None
    limits: Limits
    use: Use


class Admission:
    """Checks of runs that are to be queued in one transaction, for one or more submitters.

    Creating it locks the submitters with limits, in one order, so that no two transactions wait for each other. What
    it admits counts at once, though it is not in the database yet.

    Args:
        session: Session of the transaction.
        submitters: Names of the API keys; None for everybody without keys.
        defaults: Limits of submitters without their own.
    """

    def __init__(self, session: Session, submitters: Iterable[str | None], defaults: Limits) -> None:
        self._session = session
        self._limits = {
            name: find_limits(session, name).over(defaults) for name in sorted({name or NOBODY for name in submitters})
        }
        self._num_queued: dict[str, int] = {}
        for name, limits in self._limits.items():
            if limits.queued_runs or limits.disk_bytes:
                lock(session, name)

    def admit(self, runs: Sequence["NewRun"]) -> None:
        """Check that all of these runs of one submitter may be queued.

        Raises:
            QuotaExceeded: If they are too many, or the submitter has used up its disk space.
            PriorityTooHigh: If it may not ask for the priority of one.
        """
        name = runs[0].submitted_by or NOBODY
        limits = self._limits[name]
        for run in runs:
            _check_priority(limits, run)
        if limits.queued_runs:
            used = self._num_queued.get(name)
            if used is None:
                used = self._num_queued[name] = _count_queued(self._session, name)
            if used + len(runs) > limits.queued_runs:
                raise _too_many_queued(name, used, len(runs), limits.queued_runs)
        if limits.disk_bytes:
            _check_disk(self._session, name, limits.disk_bytes, 0)
        if limits.queued_runs:
            self._num_queued[name] += len(runs)


def admit_bytes(
    session: Session, submitter: str | None, defaults: Limits, num_bytes: int, *, is_final: bool = True
) -> None:
    """Check that a submitter may store so many more bytes.

    Args:
        session: Session of the transaction that records them; with `is_final` False it may be read-only.
        submitter: Name of the API key; None without keys.
        defaults: Limits of submitters without their own.
        num_bytes: Size of what is to be stored.
        is_final: False for a look ahead, as before an upload is received, which counts as nothing.

    Raises:
        QuotaExceeded: If they are too many.
    """
    name = submitter or NOBODY
    limits = find_limits(session, name).over(defaults)
    if limits.disk_bytes:
        if is_final:
            lock(session, name)
        _check_disk(session, name, limits.disk_bytes, num_bytes)


def find_limits(session: Session, name: str) -> Limits:
    """Return the limits of its own that a submitter has; all None if it has none."""
    row = session.connection().execute(_LIMITS, {"name": name}).first()
    return Limits() if row is None else Limits(*row)


def set_limits(session: Session, name: str, changes: dict[str, int | None]) -> Limits:
    """Change some of a submitter's own limits, by the names of the fields of Limits; None means the settings' again."""
    insert_unless_there(session, SubmitterRecord, {"name": name})
    if changes:
        values: dict[str, Any] = {_COLUMNS[field]: limit for field, limit in changes.items()}
        statement = update(SubmitterRecord).where(SubmitterRecord.name == name).values(values)
        session.execute(statement.execution_options(synchronize_session=False))
    return find_limits(session, name)


def find_use(session: Session, name: str) -> Use:
    """Return what a submitter uses now."""
    return Use(
        queued_runs=_count_queued(session, name),
        running_runs=count_running(session).get(name, 0),
        disk_bytes=_measure_disk(session, name),
    )


def list_submitters(
    session: Session, more: Iterable[str] = (), *, limit: int, cursor: str | None = None
) -> Page[Submitter]:
    """Return a page of the submitters by name, first that of everybody without keys.

    Args:
        session: On the database.
        more: Names of submitters that may have no row.
        limit: Most submitters on the page.
        cursor: Of the previous page.

    Raises:
        InvalidInput: If the cursor is invalid.
    """
    names = sorted({*session.scalars(select(SubmitterRecord.name)), *more})
    if cursor is not None:
        (last,) = read_cursor(cursor, str)
        names = [name for name in names if name > last]
    shown = names[:limit]
    items = [Submitter(name or None, find_limits(session, name), find_use(session, name)) for name in shown]
    return Page(items=items, next_cursor=write_cursor(shown[-1]) if len(names) > limit else None)


def note_stored(session: Session, run_id: UUID) -> None:
    """Measure what a run has stored so far, once an attempt at it has ended, or it was given another's checkpoint."""
    of_files = select(func.coalesce(func.sum(ArtifactRecord.num_bytes), 0)).where(ArtifactRecord.run_id == run_id)
    of_checkpoints = select(func.coalesce(func.sum(CheckpointRecord.num_bytes), 0)).where(
        CheckpointRecord.run_id == run_id
    )
    of_points = select(func.coalesce(func.sum(MetricSeriesRecord.count), 0)).where(MetricSeriesRecord.run_id == run_id)
    num_bytes = of_files.scalar_subquery() + of_checkpoints.scalar_subquery()
    num_bytes += BYTES_A_POINT * of_points.scalar_subquery()
    statement = update(RunRecord).where(RunRecord.id == run_id).values(stored_bytes=num_bytes)
    session.execute(statement.execution_options(synchronize_session=False))


def _check_priority(limits: Limits, run: "NewRun") -> None:
    if limits.priority is not None and run.priority > limits.priority:
        raise PriorityTooHigh.at(
            f"{run.pointer}/priority",
            f"The priority is {run.priority}; the highest that your API key may ask for is {limits.priority}. Send a "
            "lower one, or ask an administrator to allow more: trainyard quotas set NAME --max-priority N.",
            "priority_too_high",
        )


def lock(session: Session, name: str) -> None:
    """Wait until no other transaction checks, or claims, for this submitter; on SQLite only one is writing anyway."""
    if session.get_bind().dialect.name != "sqlite":
        insert_unless_there(session, SubmitterRecord, {"name": name})
        session.execute(select(SubmitterRecord.name).where(SubmitterRecord.name == name).with_for_update())


def _count_queued(session: Session, name: str) -> int:
    # Two parts, because the index of queued runs leaves out those in a pause.
    return _count(session, name, MAY_START) + _count(session, name, IS_QUEUED, IN_PAUSE)


def _count(session: Session, name: str, *where: ColumnElement[bool]) -> int:
    return session.scalars(select(func.count()).select_from(RunRecord).where(submitted_by(name), *where)).one()


def _measure_disk(session: Session, name: str) -> int:
    runs = select(func.coalesce(func.sum(RunRecord.stored_bytes), 0)).where(submitted_by(name))
    uploads = (
        _sum(DatasetVersionRecord.num_bytes, DatasetVersionRecord.submitted_by, name),
        _sum(ModelVersionRecord.uploaded_bytes, ModelVersionRecord.submitted_by, name),
    )
    return sum(int(session.scalars(query).one()) for query in (runs, *uploads))


def _sum(column: InstrumentedAttribute[Any], owner: InstrumentedAttribute[str | None], name: str) -> Any:
    is_owned = owner.is_(None) if name == NOBODY else owner == name
    return select(func.coalesce(func.sum(column), 0)).where(is_owned)


def _check_disk(session: Session, name: str, limit: int, num_bytes: int) -> None:
    used = _measure_disk(session, name)
    if used + num_bytes > limit or (not num_bytes and used >= limit):
        wanted = f", and this needs {num_bytes:,} more" if num_bytes else ""
        raise QuotaExceeded(
            f"{_title(name)} {used:,} of {limit:,} bytes on disk{wanted}. Delete runs, datasets or model versions that "
            "are no longer needed, or ask an administrator for more: trainyard quotas set NAME --max-disk-bytes N.",
            "disk_bytes",
            limit=limit,
            used=used,
            retry_after_seconds=None,
        )


def _too_many_queued(name: str, used: int, num_runs: int, limit: int) -> QuotaExceeded:
    wanted = "one more" if num_runs == 1 else f"{num_runs:,} more"
    later = f"Try again in {QUEUE_RETRY_SECONDS} s, when some have started"
    return QuotaExceeded(
        f"{_title(name)} {used:,} of {limit:,} runs in the queue; {wanted} would be too many. {later}, cancel some, or "
        "ask an administrator for more: trainyard quotas set NAME --max-queued-runs N.",
        "queued_runs",
        limit=limit,
        used=used,
        retry_after_seconds=QUEUE_RETRY_SECONDS if num_runs <= limit else None,
    )


def _title(name: str) -> str:
    return "Without keys everybody shares one quota, which has used" if name == NOBODY else f"The key '{name}' uses"
