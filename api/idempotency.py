"""The Idempotency-Key header, for every operation that creates something."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Header, Request, Response

from api.auth.access import name_caller
from core.errors import IdempotencyInFlight, IdempotencyMismatch, SecretNotKept, TrainyardError
from db import idempotency
from db.documents import check_storable
from db.idempotency import RepeatKey, StoredAnswer
from db.session import Database

REPLAYED = "Idempotent-Replayed"

HEADERS = {REPLAYED: "`true` if this response was sent before, for the same Idempotency-Key."}
"""Description of the header of a repeated response."""

OTHER_BODY = IdempotencyMismatch(
    "The Idempotency-Key 'a1' was used before with another body. "
    "Repeat the request exactly, or use a new key for a new request."
)

IN_FLIGHT = IdempotencyInFlight("The first request with the Idempotency-Key 'a1' is not answered yet. Try again later.")

ERRORS: tuple[TrainyardError, ...] = (IN_FLIGHT, OTHER_BODY)
"""Errors of every operation that takes the header."""


@dataclass(frozen=True, slots=True)
class Repeats:
    """The Idempotency-Key of a request, if it has one, and what the key belongs to.

    Attributes:
        key: Text chosen by the client.
        route: Method, path and caller. Keys of different callers are independent: nobody gets the answer of another by
            sending the same key.
    """

    key: str | None
    route: str

    def of(self, *sent: str | bytes) -> RepeatKey | None:
        """Return the key with a hash of what was sent; None if the request has no key.

        Args:
            sent: The body, or what stands for it, such as the hash of an upload and the options for reading it.

        Raises:
            InvalidInput: If the key contains text that cannot be stored.
        """
        if self.key is None:
            return None
        check_storable(self.key)
        return RepeatKey(self.key, self.route, hash_sent(sent))


def hash_sent(sent: Iterable[str | bytes]) -> str:
    """Return a hash of what was sent: its sha256 if it is one part."""
    parts = [part if isinstance(part, bytes) else part.encode(errors="surrogatepass") for part in sent]
    if len(parts) == 1:
        return hashlib.sha256(parts[0]).hexdigest()
    # Hashes of the parts have one length, so that no other parts have the same text.
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


async def _read_repeats(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="Unique text of up to 255 characters for each thing to create. A repeated request with the "
            "same key gets the first response again and creates nothing; kept for a day.",
            max_length=255,
            min_length=1,
        ),
    ] = None,
) -> Repeats:
    # Quoted, a path has no spaces, so that no other path and caller read like these.
    caller = name_caller(request)
    route = f"{request.method} {quote(request.scope['path'])}"
    return Repeats(idempotency_key, route if caller is None else f"{route} {caller}")


RepeatsParameter = Annotated[Repeats, Depends(_read_repeats)]
"""Idempotency-Key of a request."""


def find_answer(database: Database, repeat: RepeatKey | None) -> StoredAnswer | None:
    """Return the answer to the first request with this key; None if there was none.

    Raises:
        IdempotencyMismatch: If the key was used with another body.
        IdempotencyInFlight: If the first request with the key is still in progress.
    """
    if repeat is None:
        return None
    with database.reading() as session:
        return idempotency.find(session, repeat)


def send_answer(answer: StoredAnswer, headers: dict[str, str] | None = None, **options: Any) -> Response:
    """Return the response of an answer, with its Location and, if it was sent before, the header that says so."""
    sent = {"Location": answer.location, **(headers or {})}
    if answer.is_replayed:
        sent[REPLAYED] = "true"
    return Response(answer.body, status_code=answer.status, headers=sent, media_type="application/json", **options)


def secret_not_kept(path: str) -> SecretNotKept:
    """Return the error for a repeated request for something with a secret that was created already.

    Args:
        path: Path of what was created.
    """
    return SecretNotKept(
        f"The first request with this Idempotency-Key has created {path}. Its secret was in that response alone, and "
        f"is not sent again. If the response was lost, send DELETE {path}, and create another with a new "
        "Idempotency-Key."
    )
