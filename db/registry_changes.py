"""Changes of models, versions and aliases that SQLite stores for db/sqlite_changes.py."""

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from db.records.registry import RegistryChangeRecord

KEPT_CHANGES = 10_000
"""Changes that `prune` leaves. A reader that has more to catch up with is told that everything may have changed."""


def prune(session: Session, keep: int = KEPT_CHANGES) -> int:
    """Delete all but the latest changes; return how many were deleted. Only SQLite stores them."""
    newest = session.scalar(select(func.max(RegistryChangeRecord.id)))
    if newest is None:
        return 0
    number = RegistryChangeRecord.id
    return len(session.scalars(delete(RegistryChangeRecord).where(number <= newest - keep).returning(number)).all())
