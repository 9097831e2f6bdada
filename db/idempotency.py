"""Idempotency keys: a repeated request gets the answer of the first.

The key, the answer and the changes of the request are committed in one transaction: all of them exist or none.

    with database.transaction() as session:
        answer = idempotency.begin(session, key=key, route="POST /v1/runs", body_sha256=digest)
        if answer is None:
            run = runs.create(session, ...)
            answer = {"status": 202, ...}
            idempotency.complete(session, key=key, route="POST /v1/runs", answer=answer)
"""

from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from core.errors import IdempotencyInFlight, IdempotencyMismatch
from db.documents import check_storable
from db.records.service import IdempotencyRecord
from db.statements import database_now, insert_unless_there


def begin(session: Session, *, key: str, route: str, body_sha256: str) -> dict[str, Any] | None:
    """Store a new key, or return the answer stored under it.

    Waits for a request with the same key whose transaction is still open.

    Keys of different routes are independent. The sha256 of the request's body tells a repeated request from a key
    that was reused by mistake.

    Returns:
        The stored answer, or None when the key is new: then `complete` it in this transaction.

    Raises:
        IdempotencyMismatch: If the key was used before with another body.
        IdempotencyInFlight: If the key was stored by a transaction that ended without an answer.
        InvalidInput: If the key contains text that cannot be stored.
    """
    check_storable(key)
    if insert_unless_there(session, IdempotencyRecord, {"route": route, "key": key, "body_sha256": body_sha256}):
        return None
    return _read(session.get_one(IdempotencyRecord, (route, key), populate_existing=True), body_sha256)


def find(session: Session, *, key: str, route: str, body_sha256: str) -> dict[str, Any] | None:
    """Return the answer stored under a key; None if there is none.

    Raises:
        The same errors as `begin`.
    """
    check_storable(key)
    record = session.get(IdempotencyRecord, (route, key), populate_existing=True)
    return None if record is None else _read(record, body_sha256)


def _read(record: IdempotencyRecord, body_sha256: str) -> dict[str, Any]:
    key = record.key
    if record.body_sha256 != body_sha256:
        raise IdempotencyMismatch(
            f"The Idempotency-Key '{key}' was used before with another body. "
            "Repeat the request exactly, or use a new key for a new request."
        )
    if record.answer is None:
        raise IdempotencyInFlight(
            f"The first request with the Idempotency-Key '{key}' is not answered yet. Try again later."
        )
    return record.answer


def complete(session: Session, *, key: str, route: str, answer: dict[str, Any]) -> None:
    """Store the answer under a key that `begin` stored in this transaction."""
    here = (IdempotencyRecord.route == route, IdempotencyRecord.key == key)
    session.execute(update(IdempotencyRecord).where(*here).values(answer=answer))


def delete_old(session: Session, *, older_than_seconds: float) -> int:
    """Delete keys older than this; return the number deleted."""
    is_old = IdempotencyRecord.created_at < database_now(-older_than_seconds)
    statement = delete(IdempotencyRecord).where(is_old).returning(IdempotencyRecord.key)
    return len(session.execute(statement.execution_options(synchronize_session=False)).all())
