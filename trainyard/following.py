"""Streams of events that go on when a connection breaks: at the same process of the service, or at another."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any

from trainyard.errors import ServiceUnavailable, UnexpectedAnswer
from trainyard.exchange import retry_seconds
from trainyard.resources.events import RESUME, EventText, RunEvent
from trainyard.transport import AsyncTransport, EventLines, Transport

SILENCE_SECONDS = 45.0
"""Longest silence of a stream; the service sends a comment every 15 seconds."""

MAX_EMPTY_STREAMS = 3
"""Streams in a row that end without a word, after which something on the way does not let them through."""


class StreamsCut(ServiceUnavailable):
    """Streams of the service are cut off, as by a proxy: ask for the state now and then instead."""


class _Following:
    """The decisions of a client that follows events. Sends nothing itself.

    Args:
        unreachable_timeout: Seconds for which a service that is away is asked again.
        last_id: Id of the event to continue after.
    """

    def __init__(self, unreachable_timeout: float, last_id: str) -> None:
        self.text = EventText(last_id)
        self.is_over = False
        self._unreachable_timeout = unreachable_timeout
        self._last_sign = time.monotonic()
        self._num_failures = 0
        self._num_empty = 0
        self._has_heard = False

    def headers(self) -> dict[str, str]:
        """Return the headers of the next request."""
        self.text.begin()
        self._has_heard = False
        return {"Last-Event-ID": self.text.last_id} if self.text.last_id else {}

    def check(self, lines: EventLines[Any]) -> bool:
        """Return False if there are no more events.

        Raises:
            UnexpectedAnswer: If the answer is no stream.
        """
        if lines.status == 204:  # noqa: PLR2004 - No Content, RFC 9110, section 15.3.5
            self.is_over = True
            return False
        if lines.media_type != "text/event-stream":
            raise UnexpectedAnswer("The service does not answer with a stream of events. Check the address.")
        return True

    def take(self, line: str) -> RunEvent | None:
        """Take a line; return the event that it completes."""
        event = self.text.add(line)
        if event is not None and event.type != RESUME:
            self._has_heard, self._num_failures, self._num_empty = True, 0, 0
            self._last_sign = time.monotonic()
            self.is_over = event.is_last
            return event
        return None

    def pause(self, error: ServiceUnavailable | None) -> float:
        """Return the pause before the next request, after one that ended.

        Raises:
            ServiceUnavailable: If the service was away for too long.
            StreamsCut: If streams do not get through.
        """
        if error is None or error.status is None:
            self._num_empty += not self._has_heard and error is None
            if self._num_empty >= MAX_EMPTY_STREAMS:
                raise StreamsCut("Streams of events are cut off on the way, as by a proxy.")
        self._num_failures += 1
        pause = max(retry_seconds(self._num_failures), 0.0 if error is None else min(self.text.retry_seconds, 2.0))
        if time.monotonic() - self._last_sign + pause > self._unreachable_timeout and error is not None:
            raise error
        return pause


def follow(
    transport: Transport,
    path: str,
    parameters: Sequence[tuple[str, str]],
    *,
    last_id: str = "",
    unreachable_timeout: float = 60.0,
) -> Iterator[RunEvent]:
    """Yield events, heartbeats among them, over as many connections as it takes, each once.

    Raises:
        RequestRejected: If the service answered with an error.
        ServiceUnavailable: If it was away for too long.
        StreamsCut: If streams do not get through.
    """
    following = _Following(unreachable_timeout, last_id)
    while not following.is_over:
        error = None
        try:
            with transport.stream(path, parameters, following.headers(), SILENCE_SECONDS) as lines:
                if following.check(lines):
                    yield from _events(following, lines.lines)
        except ServiceUnavailable as caught:
            error = caught
        if not following.is_over:
            time.sleep(following.pause(error))


async def follow_async(
    transport: AsyncTransport,
    path: str,
    parameters: Sequence[tuple[str, str]],
    *,
    last_id: str = "",
    unreachable_timeout: float = 60.0,
) -> AsyncIterator[RunEvent]:
    """Yield events as `follow` does."""
    following = _Following(unreachable_timeout, last_id)
    while not following.is_over:
        error = None
        try:
            async with transport.stream(path, parameters, following.headers(), SILENCE_SECONDS) as lines:
                if following.check(lines):
                    async for line in lines.lines:
                        event = following.take(line)
                        if event is not None:
                            yield event
        except ServiceUnavailable as caught:
            error = caught
        if not following.is_over:
            await asyncio.sleep(following.pause(error))


def _events(following: _Following, lines: Iterable[str]) -> Iterator[RunEvent]:
    for line in lines:
        event = following.take(line)
        if event is not None:
            yield event
