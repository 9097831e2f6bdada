"""Idempotency keys: a repeated request gets the answer of the first.

The key, the answer and the changes of the request are committed in one transaction: all of them exist or none.

    with database.transaction() as session:
        answer = idempotency.begin(session, repeat)
        if answer is None:
            version = model_versions.register_upload(session, ...)
            answer = StoredAnswer(201, path, body)
            idempotency.complete(session, repeat, answer)
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.orm import Session

from core.errors import IdempotencyInFlight, IdempotencyMismatch
from db.documents import check_storable
from db.records.service import IdempotencyRecord
from db.statements import database_now, insert_all_unless_there, insert_unless_there


@dataclass(frozen=True, slots=True)
class RepeatKey:
    """An Idempotency-Key with the request that it stands for.

    Attributes:
        key: Text chosen by the client.
        route: Method, path and caller of the request; keys of different routes are independent.
        body_sha256: Hash of what was sent, which tells a repeated request from a key that was reused by mistake.
    """

    key: str
    route: str
    body_sha256: str

    @property
    def place(self) -> tuple[str, str]:
        """Return the primary key of its row."""
        return self.route, self.key


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """Answer to a request that created something.

    Attributes:
        status: Status code.
        location: Path of what was created.
        body: Body as JSON: a text, because a JSON column may reorder the fields of an object.
        is_replayed: True if it was sent before, for the same Idempotency-Key.
    """

    status: int
    location: str
    body: str
    is_replayed: bool = False


def begin(session: Session, repeat: RepeatKey) -> StoredAnswer | None:
    """Store a new key, or return the answer stored under it.

    Waits for a request with the same key whose transaction is still open.

    Returns:
        The stored answer, or None when the key is new: then `complete` it in this transaction.

    Raises:
        IdempotencyMismatch: If the key was used before with another body.
        IdempotencyInFlight: If the key was stored by a transaction that ended without an answer.
        InvalidInput: If the key contains text that cannot be stored.
    """
    check_storable(repeat.key)
    if insert_unless_there(session, IdempotencyRecord, _row(repeat)):
        return None
    return _read(session.get_one(IdempotencyRecord, repeat.place, populate_existing=True), repeat)


def complete(session: Session, repeat: RepeatKey, answer: StoredAnswer) -> None:
    """Store the answer under a key that `begin` stored in this transaction."""
    here = (IdempotencyRecord.route == repeat.route, IdempotencyRecord.key == repeat.key)
    session.execute(update(IdempotencyRecord).where(*here).values(answer=_document(answer)))


def find(session: Session, repeat: RepeatKey) -> StoredAnswer | None:
    """Return the answer stored under a key; None if there is none.

    Raises:
        The same errors as `begin`.
    """
    check_storable(repeat.key)
    record = session.get(IdempotencyRecord, repeat.place, populate_existing=True)
    return None if record is None else _read(record, repeat)


def find_all(
    session: Session, repeats: Iterable[RepeatKey]
) -> dict[RepeatKey, StoredAnswer | IdempotencyMismatch | IdempotencyInFlight]:
    """Return what `find` returns or raises for each of several keys of this route; those that are new are left out."""
    by_place = {repeat.place: repeat for repeat in repeats}
    if not by_place:
        return {}
    here = tuple_(IdempotencyRecord.route, IdempotencyRecord.key).in_(list(by_place))
    found: dict[RepeatKey, StoredAnswer | IdempotencyMismatch | IdempotencyInFlight] = {}
    for record in session.scalars(select(IdempotencyRecord).where(here).execution_options(populate_existing=True)):
        repeat = by_place[record.route, record.key]
        try:
            found[repeat] = _read(record, repeat)
        except (IdempotencyMismatch, IdempotencyInFlight) as error:
            found[repeat] = error
    return found


def keep_all(session: Session, answers: Mapping[RepeatKey, StoredAnswer]) -> set[RepeatKey]:
    """Store keys with their answers at once, and return those that were stored.

    Another transaction may have stored one since it was not found; `find_all` then has the answer.
    """
    # In order, so that transactions with the same keys wait for each other and never in a circle.
    ordered = sorted(answers.items(), key=lambda item: item[0].place)
    rows = [_row(repeat) | {"answer": _document(answer)} for repeat, answer in ordered]
    stored = insert_all_unless_there(session, IdempotencyRecord, rows)
    return {repeat for repeat in answers if repeat.place in stored}


def delete_old(session: Session, *, older_than_seconds: float) -> int:
    """Delete keys older than this; return the number deleted."""
    is_old = IdempotencyRecord.created_at < database_now(-older_than_seconds)
    statement = delete(IdempotencyRecord).where(is_old).returning(IdempotencyRecord.key)
    return len(session.execute(statement.execution_options(synchronize_session=False)).all())


def _row(repeat: RepeatKey) -> dict[str, Any]:
    return {"route": repeat.route, "key": repeat.key, "body_sha256": repeat.body_sha256}


def _document(answer: StoredAnswer) -> dict[str, Any]:
    return {"status": answer.status, "location": answer.location, "body": answer.body}


def _read(record: IdempotencyRecord, repeat: RepeatKey) -> StoredAnswer:
    if record.body_sha256 != repeat.body_sha256:
        raise IdempotencyMismatch(
            f"The Idempotency-Key '{repeat.key}' was used before with another body. "
            "Repeat the request exactly, or use a new key for a new request."
        )
    if record.answer is None:
        raise IdempotencyInFlight(
            f"The first request with the Idempotency-Key '{repeat.key}' is not answered yet. Try again later."
        )
    stored = record.answer
    # Answers of versions that kept no status are those of runs and batch predictions, which are accepted, and of
    # networks, which are created.
    status = stored.get("status", 201 if "/registry/" in stored["location"] else 202)
    return StoredAnswer(status, stored["location"], stored["body"], is_replayed=True)
