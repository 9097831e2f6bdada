"""Response that sends events as they come (WHATWG HTML, section 9.2)."""

import asyncio
import logging
from contextlib import suppress

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from api.live.hub import EventHub
from api.live.listeners import Listener
from api.live.wire import IS_HEAD, MEDIA_TYPE, encode_retry

logger = logging.getLogger(__name__)

STUCK_SECONDS = 60.0
"""Longest wait for a client that does not read at all."""

HEADERS = {
    # Neither stored, nor buffered or compressed on the way: nginx and others obey the third.
    "Cache-Control": "no-store, no-transform",
    "Content-Type": MEDIA_TYPE,
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
}


class EventStream(Response):
    """Sends what a listener gets, until it ends or the client leaves.

    Args:
        hub: Hub of the listener.
        listener: The listener, which leaves the hub at the end.
    """

    media_type = None

    def __init__(self, hub: EventHub, listener: Listener) -> None:
        super().__init__(headers=HEADERS)
        # A stream has no length.
        del self.headers["content-length"]
        self._hub = hub
        self._listener = listener

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream."""
        leaving = asyncio.ensure_future(_wait_for_end(receive))
        leaving.add_done_callback(lambda _: self._hub.leave(self._listener))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            content = b"" if scope.get(IS_HEAD) else encode_retry()
            while content:
                await _send_in_time(send, {"type": "http.response.body", "body": content, "more_body": True})
                content = await self._listener.next()
            await _send_in_time(send, {"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            # The server closes the connection of a response that does not come to its end.
            logger.warning("A client has not read its events for %g seconds, and is disconnected.", STUCK_SECONDS)
        finally:
            leaving.cancel()
            self._hub.leave(self._listener)
            with suppress(asyncio.CancelledError):
                await leaving


async def _wait_for_end(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_in_time(send: Send, message: Message) -> None:
    """Send, unless the client has not read anything for a minute: then the connection ends with an error.

    Raises:
        TimeoutError: If it has not.
    """
    async with asyncio.timeout(STUCK_SECONDS):
        await send(message)
