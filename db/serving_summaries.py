"""Queries of the summaries of served rows. Rows of an hour are joined to rows of days, and dropped after months."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from core.observation.summaries import ServedCounts
from db.records.observation import ServingSummaryRecord
from db.records.registry import ModelVersionRecord
from db.statements import database_now, insert_unless_there

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

KEPT_HOURS = timedelta(days=2)
"""Time for which the counts of single hours are kept; later those of a day are joined."""

KEPT_DAYS = timedelta(days=90)
"""Time for which the counts of days are kept."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ServedWindow:
    """Counts of an hour or a day.

    Attributes:
        started_at: Its begin.
        length: Its length.
    """

    started_at: datetime
    length: timedelta
    counts: ServedCounts


def add(session: Session, model_name: str, version: int, counts: ServedCounts) -> bool:
    """Add counts to those of the present hour.

    Returns:
        False if there is no such version any more.
    """
    # Locked, so that the version is not deleted meanwhile.
    here = (ModelVersionRecord.model_name == model_name, ModelVersionRecord.version == version)
    if (
        session.scalar(select(ModelVersionRecord.version).where(*here).with_for_update(read=True, key_share=True))
        is None
    ):
        return False
    now = session.scalars(select(database_now())).one()
    started_at = _begin_of(now, HOUR)
    if _merge(session, model_name, version, ServedWindow(started_at, HOUR, counts)):
        _join_hours(session, model_name, version, before=_begin_of(now - KEPT_HOURS, DAY))
        old = (*_of_version(model_name, version), ServingSummaryRecord.started_at < now - KEPT_DAYS)
        session.execute(delete(ServingSummaryRecord).where(*old))
    return True


def read(session: Session, model_name: str, version: int, since: datetime | None = None) -> list[ServedWindow]:
    """Return the counts of a version, oldest first.

    Args:
        session: Session of the transaction.
        model_name: Name of the model.
        version: Number of the version.
        since: Leave out the hours and days that ended before; None for all that are kept.
    """
    query = select(ServingSummaryRecord).where(*_of_version(model_name, version))
    if since is not None:
        query = query.where(ServingSummaryRecord.started_at > since - DAY)
    windows = [_read(record) for record in session.scalars(query.order_by(ServingSummaryRecord.started_at))]
    return [window for window in windows if since is None or window.started_at + window.length > since]


def _merge(session: Session, model_name: str, version: int, window: ServedWindow) -> bool:
    """Add counts to a row, and wait for others that do so; returns True if the row is new."""
    key = {
        "model_name": model_name,
        "version": version,
        "started_at": window.started_at,
        "num_seconds": round(window.length.total_seconds()),
        "layout": window.counts.layout,
    }
    if insert_unless_there(session, ServingSummaryRecord, {**key, "counts": window.counts}):
        return True
    record = session.get_one(ServingSummaryRecord, tuple(key.values()), with_for_update=True, populate_existing=True)
    record.counts = record.counts.plus(window.counts)
    session.flush()
    return False


def _join_hours(session: Session, model_name: str, version: int, before: datetime) -> None:
    old = (
        *_of_version(model_name, version),
        ServingSummaryRecord.num_seconds == round(HOUR.total_seconds()),
        ServingSummaryRecord.started_at < before,
    )
    hours = session.scalars(select(ServingSummaryRecord).where(*old).with_for_update()).all()
    for day in _sum_days(map(_read, hours)):
        _merge(session, model_name, version, day)
    for hour in hours:
        session.delete(hour)
    session.flush()


def _sum_days(hours: Iterable[ServedWindow]) -> list[ServedWindow]:
    days: dict[tuple[datetime, str], ServedCounts] = {}
    for hour in hours:
        key = _begin_of(hour.started_at, DAY), hour.counts.layout
        days[key] = days[key].plus(hour.counts) if key in days else hour.counts
    return [
        ServedWindow(started_at, DAY, counts)
        for (started_at, _), counts in sorted(days.items(), key=lambda day: day[0])
    ]


def _of_version(model_name: str, version: int) -> tuple[ColumnElement[bool], ...]:
    return (ServingSummaryRecord.model_name == model_name, ServingSummaryRecord.version == version)


def _read(record: ServingSummaryRecord) -> ServedWindow:
    return ServedWindow(record.started_at, timedelta(seconds=record.num_seconds), record.counts)


def _begin_of(moment: datetime, length: timedelta) -> datetime:
    """Return the begin of the hour or day of a moment, in UTC."""
    return EPOCH + (moment - EPOCH) // length * length
