"""Following a run by its events: what `Run` and `AsyncRun` can do besides looking."""

from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, Self

from trainyard.base_run import BaseRun
from trainyard.errors import NotFound, UnexpectedAnswer
from trainyard.following import StreamsCut, follow, follow_async
from trainyard.resources import events
from trainyard.resources.events import RunEvent
from trainyard.transport import AsyncTransport, Transport

REFRESHING = frozenset({"state", "end"})
"""Types of events after which a run is looked at whole."""


class FollowedRun(BaseRun):
    """Part of `Run`."""

    _transport: Transport

    @abstractmethod
    def refresh(self) -> Self:
        """Look at the run again, and return it."""

    @abstractmethod
    def wait(
        self,
        timeout: float | None = None,
        *,
        check: bool = True,
        unreachable_timeout: float = 60.0,
        on_update: Callable[[Self], object] | None = None,
    ) -> Self:
        """Wait until the run has ended, and return it."""

    def events(
        self, types: Sequence[str] = (), *, last_id: str = "", unreachable_timeout: float = 60.0
    ) -> Iterator[RunEvent]:
        """Yield what happens to the run until it has ended: first its present state and its curves so far.

        A connection that breaks is made again, and the events go on where they were; nothing is lost, nothing comes
        twice.

        Args:
            types: Of `state`, `progress`, `metrics` and `log`; all but the last by default. `restart` and `end` come
                always.
            last_id: Id of the event to continue after.
            unreachable_timeout: Seconds for which a service that is away is asked again.

        Raises:
            NotFound: If there is no such run.
            ServiceUnavailable: If the service was away for too long.
        """
        path = events.run_events_path(self.id)
        found = follow(
            self._transport,
            path,
            events.type_parameters(types),
            last_id=last_id,
            unreachable_timeout=unreachable_timeout,
        )
        return (event for event in found if event.type != events.HEARTBEAT)

    def watch(
        self, on_update: Callable[[Self], object], *, check: bool = True, unreachable_timeout: float = 60.0
    ) -> Self:
        """Follow the run to its end by its events, and return it; by looking now and then where streams are cut off.

        A paused run has not ended: it is followed on until somebody resumes or cancels it.

        Args:
            on_update: Called with the run after each change.
            check: Raise `RunFailed` unless the run succeeded.
            unreachable_timeout: Seconds for which a service that is away is asked again.

        Raises:
            RunFailed: If it failed or was cancelled.
            ServiceUnavailable: If the service was away for too long.
        """
        path, parameters = events.run_events_path(self.id), events.type_parameters(("state", "progress", "metrics"))
        try:
            for event in follow(self._transport, path, parameters, unreachable_timeout=unreachable_timeout):
                if event.type in REFRESHING or (event.type == events.HEARTBEAT and self.state == "queued"):
                    # Events do not tell everything, such as warnings and why a run waits.
                    self.refresh()
                elif event.type != events.HEARTBEAT:
                    self.snapshot = events.take_event(self.snapshot, event)
                on_update(self)
        except (StreamsCut, UnexpectedAnswer, NotFound):
            # Streams do not get through, or the service knows none; looking tells if it is the run that is missing.
            pass
        return self.wait(check=check, unreachable_timeout=unreachable_timeout, on_update=on_update)

    def follow_log(self, *, unreachable_timeout: float = 60.0) -> Iterator[str]:
        """Yield the text of its log as it is written, until the run has ended; at first what was written so far.

        Raises:
            NotFound: If there is no such run.
            ServiceUnavailable: If the service was away for too long.
        """
        for event in self.events(["log"], unreachable_timeout=unreachable_timeout):
            if event.type == "log":
                yield str(event.data.get("text", ""))


class AsyncFollowedRun(BaseRun):
    """Part of `AsyncRun`."""

    _transport: AsyncTransport

    @abstractmethod
    async def refresh(self) -> Self:
        """Look at the run again, and return it."""

    @abstractmethod
    async def wait(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - named as in `Run`
        *,
        check: bool = True,
        unreachable_timeout: float = 60.0,
        on_update: Callable[[Self], object] | None = None,
    ) -> Self:
        """Wait until the run has ended, and return it."""

    async def events(
        self, types: Sequence[str] = (), *, last_id: str = "", unreachable_timeout: float = 60.0
    ) -> AsyncIterator[RunEvent]:
        """Yield what happens to the run until it has ended; see `Run.events`."""
        path = events.run_events_path(self.id)
        parameters = events.type_parameters(types)
        options: dict[str, Any] = {"last_id": last_id, "unreachable_timeout": unreachable_timeout}
        async for event in follow_async(self._transport, path, parameters, **options):
            if event.type != events.HEARTBEAT:
                yield event

    async def watch(
        self, on_update: Callable[[Self], object], *, check: bool = True, unreachable_timeout: float = 60.0
    ) -> Self:
        """Follow the run to its end by its events; see `Run.watch`."""
        path, parameters = events.run_events_path(self.id), events.type_parameters(("state", "progress", "metrics"))
        try:
            async for event in follow_async(self._transport, path, parameters, unreachable_timeout=unreachable_timeout):
                if event.type in REFRESHING or (event.type == events.HEARTBEAT and self.state == "queued"):
                    await self.refresh()
                elif event.type != events.HEARTBEAT:
                    self.snapshot = events.take_event(self.snapshot, event)
                on_update(self)
        except (StreamsCut, UnexpectedAnswer, NotFound):
            pass
        return await self.wait(check=check, unreachable_timeout=unreachable_timeout, on_update=on_update)

    async def follow_log(self, *, unreachable_timeout: float = 60.0) -> AsyncIterator[str]:
        """Yield the text of its log as it is written; see `Run.follow_log`."""
        async for event in self.events(["log"], unreachable_timeout=unreachable_timeout):
            if event.type == "log":
                yield str(event.data.get("text", ""))
