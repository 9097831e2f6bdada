"""The end of all streams when the process is asked to end."""

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from api.live.hub import EventHub


@contextmanager
def ends_at_signals(hub: EventHub) -> Iterator[None]:
    """End all streams at the signals that end the server.

    The server waits for responses in progress before it tells its app of the end, and streams have no end of their own.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def end(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(hub.end_streams)
        before = handlers[signal.Signals(number)]
        if callable(before):
            before(number, frame)

    handled = [number for number, before in handlers.items() if callable(before)]
    for number in handled:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, handlers[number])
