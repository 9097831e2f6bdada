"""Queries of API keys."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, select, text, update
from sqlalchemy.orm import Session

from core.api_keys import ApiKey, Scope, hash_secret, make_key
from core.errors import Conflict, InvalidSetup, UnknownKey
from core.settings import Settings
from db.cursors import Page, bad_cursor, read_cursor, write_cursor
from db.records.service import ApiKeyRecord
from db.statements import database_now, insert_unless_there

MAX_LIVE_KEYS = 2
"""Most live keys of one name at a time: the one in use, and the one that replaces it."""

USE_SECONDS = 60.0
"""Shortest time between two writes of the last use of a key."""


@dataclass(frozen=True, slots=True)
class StoredKey:
    """An API key as stored.

    Attributes:
        read_at: When it was read, by the database's clock, which alone decides what has expired.
    """

    prefix: str
    name: str
    scopes: frozenset[Scope]
    secret_sha256: str = field(repr=False)
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    read_at: datetime

    @property
    def has_expired(self) -> bool:
        """Return True once the key has expired."""
        return self.expires_at is not None and self.expires_at <= self.read_at

    @property
    def is_live(self) -> bool:
        """Return True while the key is accepted: neither revoked nor expired."""
        return self.revoked_at is None and not self.has_expired

    @property
    def is_use_due(self) -> bool:
        """Return True if the last use should be written again."""
        return self.last_used_at is None or self.read_at - self.last_used_at >= timedelta(seconds=USE_SECONDS)


def create(
    session: Session, *, name: str, scopes: Iterable[Scope], lifetime_seconds: float | None = None
) -> tuple[StoredKey, ApiKey]:
    """Create a key. Only its hash is stored: the returned key is the one copy of the secret.

    Raises:
        Conflict: If two live keys have this name already; names the one to revoke.
    """
    _lock(session)
    live = [key for key in _select(session, ApiKeyRecord.name == name) if key.is_live]
    if len(live) >= MAX_LIVE_KEYS:
        oldest = min(live, key=lambda key: key.created_at)
        raise Conflict(
            f"'{name}' has {len(live)} live keys already: {', '.join(key.prefix for key in live)}. The most is "
            f"{MAX_LIVE_KEYS}. Revoke the one that is no longer used, probably the older: {oldest.prefix}."
        )
    held = frozenset(scopes)
    values: dict[str, Any] = {"name": name, "scopes": " ".join(scope for scope in Scope if scope in held)}
    if lifetime_seconds is not None:
        values["expires_at"] = database_now(lifetime_seconds)
    while True:
        key = make_key()
        row = {"prefix": key.prefix, "secret_sha256": hash_secret(key.secret), **values}
        # A prefix that is taken is drawn once in 10¹² times.
        if insert_unless_there(session, ApiKeyRecord, row):
            return get(session, key.prefix), key


def find(session: Session, prefix: str) -> StoredKey | None:
    """Return the key with this prefix, live or not; None if there is none."""
    return next(iter(_select(session, ApiKeyRecord.prefix == prefix)), None)


def get(session: Session, prefix: str) -> StoredKey:
    """Return the key with this prefix, live or not.

    Raises:
        UnknownKey: If there is none.
    """
    found = find(session, prefix)
    if found is None:
        raise UnknownKey(f"There is no API key '{prefix[:40]}'. GET /v1/keys lists the prefixes of all keys.")
    return found


def list_keys(session: Session) -> list[StoredKey]:
    """Return every key ever created, newest first."""
    return _select(session)


def list_page(session: Session, *, limit: int, cursor: str | None = None) -> Page[StoredKey]:
    """Return a page of all keys ever created, newest first.

    Raises:
        InvalidInput: If the cursor is invalid.
    """
    where: list[ColumnElement[bool]] = []
    if cursor is not None:
        (prefix,) = read_cursor(cursor, str)
        # Rows of keys stay for good, so that the last one of a page can be found again.
        last = session.get(ApiKeyRecord, prefix)
        if last is None:
            raise bad_cursor(cursor)
        created_at, is_later = ApiKeyRecord.created_at, ApiKeyRecord.prefix > last.prefix
        where = [(created_at < last.created_at) | ((created_at == last.created_at) & is_later)]
    found = _select(session, *where, limit=limit + 1)
    shown = found[:limit]
    return Page(items=shown, next_cursor=write_cursor(shown[-1].prefix) if len(found) > limit else None)


def has_live_admin(session: Session) -> bool:
    """Return True if a live key may create others."""
    return bool(_live_admins(session))


def check_admin(session: Session, settings: Settings) -> None:
    """Check that an admin key exists, where the service requires keys.

    Raises:
        InvalidSetup: If the settings give no bootstrap key and the database has no live admin key.
    """
    if settings.asks_for_keys and not settings.bootstrap_keys and not has_live_admin(session):
        raise InvalidSetup(
            f"Requests to {settings.host} need an API key, and there is no admin key to create others with. Set "
            "TRAINYARD_BOOTSTRAP_KEY to a key made with: python -m core.api_keys"
        )


def revoke(session: Session, prefix: str, *, keep_an_admin: bool) -> StoredKey:
    """Revoke a key for good; a key that is revoked already stays as it is.

    Args:
        session: Session of the transaction.
        prefix: Prefix of the key.
        keep_an_admin: Reject revoking the last live admin key.

    Raises:
        UnknownKey: If there is no such key.
        Conflict: If it is the last live admin key and `keep_an_admin` is set.
    """
    _lock(session)
    key = get(session, prefix)
    if keep_an_admin and [admin.prefix for admin in _live_admins(session)] == [prefix]:
        raise Conflict(
            f"{prefix} is the last live admin key: without it nobody could create another. "
            "Create one first, or start the service with TRAINYARD_BOOTSTRAP_KEY."
        )
    if key.revoked_at is None:
        _update(session, ApiKeyRecord.prefix == prefix, revoked_at=database_now())
    return get(session, prefix)


def note_use(session: Session, prefix: str) -> None:
    """Record the use of a key, unless one was recorded less than a minute ago."""
    is_due = or_(ApiKeyRecord.last_used_at.is_(None), ApiKeyRecord.last_used_at <= database_now(-USE_SECONDS))
    _update(session, ApiKeyRecord.prefix == prefix, is_due, last_used_at=database_now())


def _lock(session: Session) -> None:
    """Wait until no other transaction creates or revokes keys: the keys counted here must not change meanwhile.

    SQLite has one writer at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        # This mode conflicts with itself and with writers, not with readers.
        session.execute(text(f"LOCK TABLE {ApiKeyRecord.__tablename__} IN SHARE ROW EXCLUSIVE MODE"))


def _live_admins(session: Session) -> list[StoredKey]:
    return [
        key for key in _select(session, ApiKeyRecord.revoked_at.is_(None)) if key.is_live and Scope.ADMIN in key.scopes
    ]


def _update(session: Session, *where: ColumnElement[bool], **values: ColumnElement[datetime]) -> None:
    session.execute(update(ApiKeyRecord).where(*where).values(**values).execution_options(synchronize_session=False))


def _select(session: Session, *where: ColumnElement[bool], limit: int | None = None) -> list[StoredKey]:
    query = select(ApiKeyRecord, database_now()).where(*where)
    newest_first = query.order_by(ApiKeyRecord.created_at.desc(), ApiKeyRecord.prefix).limit(limit)
    rows = session.execute(newest_first.execution_options(populate_existing=True))
    return [_read(record, read_at) for record, read_at in rows]


def _read(record: ApiKeyRecord, read_at: datetime) -> StoredKey:
    return StoredKey(
        prefix=record.prefix,
        name=record.name,
        scopes=frozenset(map(Scope, record.scopes.split())),
        secret_sha256=record.secret_sha256,
        created_at=record.created_at,
        expires_at=record.expires_at,
        revoked_at=record.revoked_at,
        last_used_at=record.last_used_at,
        read_at=read_at,
    )
