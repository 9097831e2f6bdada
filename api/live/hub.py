"""The listeners of this process, and the distribution of events among them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import suppress

from api.live.listeners import KEY_REJECTED, STOPPING, TOO_SLOW, Listener
from api.live.logs import LogReader
from api.live.reader import Batch, EventReader
from api.live.sources import Position, Source
from api.live.wire import HEARTBEAT
from core.artifacts import ArtifactStore
from core.errors import ServerBusy, TrainyardError
from core.settings import Settings
from db.changes import RunIds
from db.session import Database

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 15.0

CHECK_SECONDS = 30.0
"""Interval of checking the keys of open streams."""

LISTENERS_A_TURN = 20
"""Listeners that get an event before other requests have their turn."""


class EventHub:
    """The listeners of this process. All methods but `note` belong to the event loop.

    One thread reads and encodes for all of them, and begins with the first.

    Args:
        settings: Folder of running attempts, and the most listeners.
        database: The database.
        store: Stores the logs of attempts that have ended.
    """

    def __init__(self, settings: Settings, database: Database, store: ArtifactStore) -> None:
        self._most = settings.max_event_listeners
        self._reader = EventReader(database, LogReader(settings.scratch_dir, store), self._deliver)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: set[Listener] = set()
        self._followers: dict[Source, set[Listener]] = {}
        self._batches: asyncio.Queue[Batch] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._is_stopping = False

    @property
    def num_listeners(self) -> int:
        """Return the number of open streams."""
        return len(self._listeners)

    def note(self, run_ids: RunIds) -> None:
        """Look at runs that have changed, or at all. From any thread; returns at once."""
        # Without listeners there is nothing to look for; one that arrives reads everything itself.
        if self._listeners:
            self._reader.note(run_ids)

    def listen(
        self,
        source: Source,
        position: Position | None,
        kinds: Collection[str],
        is_admitted: Callable[[], Awaitable[bool]],
    ) -> Listener:
        """Begin to listen; `leave` must follow.

        Args:
            source: What to listen to.
            position: The place to continue from; None to begin with the present state.
            kinds: Names of the events that are wanted; empty for all.
            is_admitted: Checks the key of the listener again.

        Raises:
            ServerBusy: If there are too many listeners, or the process is about to end.
        """
        if self._is_stopping:
            raise ServerBusy("This process of the service is about to end. Try again.")
        if len(self._listeners) >= self._most:
            raise ServerBusy(
                f"{self._most} streams of events are open, and each process of this service allows no more "
                "(TRAINYARD_MAX_EVENT_LISTENERS). Close some, or try again later."
            )
        if self._loop is None:
            self._begin()
        listener = Listener(source, position, kinds, is_admitted)
        self._listeners.add(listener)
        self._reader.arrive(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """Listen no more."""
        if listener not in self._listeners:
            return
        listener.close()
        self._listeners.discard(listener)
        followers = self._followers.get(listener.source)
        if followers is not None:
            followers.discard(listener)
            if not followers:
                del self._followers[listener.source]
        self._reader.leave(listener)

    def end_streams(self) -> None:
        """End all streams, and refuse further ones, because the process is about to end."""
        self._is_stopping = True
        for listener in list(self._listeners):
            listener.close(STOPPING)

    async def close(self) -> None:
        """End all streams and the thread."""
        self.end_streams()
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        if self._loop is not None:
            await self._loop.run_in_executor(None, self._reader.stop)

    def _begin(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._reader.start()
        for work in (self._distribute, self._beat, self._check_keys):
            self._tasks.append(self._loop.create_task(work()))

    def _deliver(self, batch: Batch) -> None:
        """Hand over what the thread has read."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._batches.put_nowait, batch)

    async def _distribute(self) -> None:
        while True:
            batch = await self._batches.get()
            if batch.is_broken:
                for listener in list(self._listeners):
                    listener.close(TOO_SLOW)
            for source, sent in batch.news:
                async for listener in _in_turns(self._followers.get(source, ())):
                    listener.give(sent)
            arriving = {listener: (sent, follows) for listener, sent, follows in batch.arrivals}
            async for listener in _in_turns(arriving):
                if listener in self._listeners:
                    sent, follows = arriving[listener]
                    listener.give(sent)
                    if follows:
                        self._followers.setdefault(listener.source, set()).add(listener)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            async for listener in _in_turns(self._listeners):
                listener.beat(HEARTBEAT)

    async def _check_keys(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            for listener in list(self._listeners):
                try:
                    if not await listener.is_admitted():
                        listener.close(KEY_REJECTED)
                except TrainyardError as error:
                    # Without the database no key can be revoked either; the next check decides.
                    logger.warning("The key of a stream was not checked. %s", error.detail)
                except Exception:
                    # If this task ended, revoked keys would go on listening.
                    logger.exception("The key of a stream was not checked, so that it ends.")
                    listener.close(KEY_REJECTED)


async def _in_turns(listeners: Collection[Listener]) -> AsyncIterator[Listener]:
    """Yield listeners, and give requests of other kinds their turn between them."""
    for number, listener in enumerate(list(listeners)):
        yield listener
        if number % LISTENERS_A_TURN == LISTENERS_A_TURN - 1:
            await asyncio.sleep(0)
