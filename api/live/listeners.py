"""Listeners: what waits to be sent to each, within bounds."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection

from api.live.sources import Position, Source
from api.live.wire import REQUIRED_KINDS, Sent

MAX_WAITING_BYTES = 1024 * 1024
"""Most bytes that wait for a listener that reads slowly. All listeners of a run share one copy of them."""

TOO_SLOW = (
    b'event: resume\ndata: {"code":"too_slow","detail":"Events came faster than they were read. '
    b'Continue with the id of the last one."}\n\n'
)

STOPPING = (
    b'event: resume\ndata: {"code":"stopping","detail":"This process of the service ends. '
    b'Continue with the id of the last event."}\n\n'
)

KEY_REJECTED = (
    b'event: resume\ndata: {"code":"key_refused","detail":"The API key of this stream is not valid any more. '
    b'Continue with another one."}\n\n'
)


class Listener:
    """A client that listens to a source. All methods belong to the event loop.

    Args:
        source: What it listens to.
        position: The place to continue from; None to begin with the present state.
        kinds: Names of the events that it wants, besides those that it needs; empty for all.
        is_admitted: Checks its key again; False once that is not valid.
    """

    def __init__(
        self,
        source: Source,
        position: Position | None,
        kinds: Collection[str],
        is_admitted: Callable[[], Awaitable[bool]],
    ) -> None:
        self.source = source
        self.position = position
        self.is_admitted = is_admitted
        self.is_closed = False
        self._kinds = frozenset(kinds) | REQUIRED_KINDS | {""} if kinds else None
        self._waiting: deque[bytes] = deque()
        self._num_bytes = 0
        self._is_due = asyncio.Event()

    def give(self, sent: list[Sent]) -> None:
        """Add events to what waits to be sent. A listener that reads too slowly is told to come back instead."""
        for event in sent:
            if self.is_closed:
                return
            if self._kinds is None or event.kind in self._kinds:
                self._add(event.chunk)
            if event.is_last:
                self.close()

    def beat(self, chunk: bytes) -> None:
        """Send a heartbeat, unless something else waits to be sent."""
        if not self._waiting and not self.is_closed:
            self._add(chunk)

    def close(self, reason: bytes = b"") -> None:
        """End the stream once everything that waits is sent."""
        if not self.is_closed:
            if reason:
                self._waiting.append(reason)
            self.is_closed = True
        self._is_due.set()

    async def next(self) -> bytes:
        """Return what is to be sent next; empty at the end."""
        while not self._waiting and not self.is_closed:
            self._is_due.clear()
            await self._is_due.wait()
        content = b"".join(self._waiting)
        self._waiting.clear()
        self._num_bytes = 0
        return content

    def _add(self, chunk: bytes) -> None:
        if self._waiting and self._num_bytes + len(chunk) > MAX_WAITING_BYTES:
            # What was not sent is read again for it when it comes back.
            self._waiting.clear()
            self.close(TOO_SLOW)
            return
        self._waiting.append(chunk)
        self._num_bytes += len(chunk)
        self._is_due.set()
