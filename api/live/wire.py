"""Events as bytes of a stream (WHATWG HTML, section 9.2.6)."""

from dataclasses import dataclass
from random import uniform

from pydantic import BaseModel

MEDIA_TYPE = "text/event-stream"

IS_HEAD = "trainyard.is_head"
"""Key in the ASGI scope of a request that wants the headers of a stream alone."""

HEARTBEAT = b":\n\n"
"""A comment, which clients pass over."""

RETRY_SECONDS = (1.0, 3.0)
"""Pauses of clients before they come back are spread, so that those of a process that died do not come at once."""

LAST_KINDS = frozenset({"end", "deleted"})
"""Events after which a stream ends."""

REQUIRED_KINDS = LAST_KINDS | {"restart", "snapshot"}
"""Events that every listener gets: without them it would misunderstand the others."""


@dataclass(frozen=True, slots=True)
class Sent:
    """An event, encoded once for all listeners.

    Attributes:
        kind: Name of the event; empty for what only moves the place from which a listener continues.
    """

    kind: str
    chunk: bytes

    @property
    def is_last(self) -> bool:
        """Return True if nothing comes after it."""
        return self.kind in LAST_KINDS


def encode(kind: str, data: BaseModel, event_id: str = "") -> Sent:
    """Encode an event. Clients keep the id that they had, if it has none."""
    place = f"id: {event_id}\n" if event_id else ""
    # JSON has no line breaks outside of strings, and writes those within as `\\n`.
    return Sent(kind, f"event: {kind}\n{place}data: {data.model_dump_json()}\n\n".encode())


def encode_place(event_id: str) -> Sent:
    """Move the place from which a client continues; no event reaches its program."""
    return Sent("", f"id: {event_id}\n\n".encode())


def encode_retry() -> bytes:
    """Return the beginning of a stream: the pause of the client before it comes back, in milliseconds."""
    # Not a secret.
    return f"retry: {round(1000 * uniform(*RETRY_SECONDS))}\n\n".encode()  # noqa: S311
