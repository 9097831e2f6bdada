"""A run that rests and goes on: what `Run` and `AsyncRun` can do besides waiting for its end."""

from typing import Self

from trainyard.base_run import BaseRun
from trainyard.resources import checkpoints, runs
from trainyard.resources.checkpoints import Checkpoint
from trainyard.transport import AsyncTransport, Transport


class PausedRun(BaseRun):
    """Part of `Run`."""

    _transport: Transport

    def pause(self) -> Self:
        """Ask the run to pause, and return it. A queued one is paused at once, a running one after its checkpoint.

        It waits, however long, until it is resumed, and then goes on to the same result as without a pause.

        Raises:
            Conflict: If it has ended, or is being cancelled.
        """
        self.snapshot = self._transport.send(runs.pause(self.id))
        return self

    def resume(self) -> Self:
        """Queue the run again if it is paused, and return it; one that is queued or running is not paused any more.

        Raises:
            Conflict: If it has ended.
        """
        self.snapshot = self._transport.send(runs.resume(self.id))
        return self

    def checkpoints(self) -> list[Checkpoint]:
        """Return the saved states that are kept, newest first: the next attempt goes on from the first.

        Raises:
            NotFound: If there is no such run.
        """
        return self._transport.send(checkpoints.list_checkpoints(self.id))


class AsyncPausedRun(BaseRun):
    """Part of `AsyncRun`."""

    _transport: AsyncTransport

    async def pause(self) -> Self:
        """Ask the run to pause; see `Run.pause`."""
        self.snapshot = await self._transport.send(runs.pause(self.id))
        return self

    async def resume(self) -> Self:
        """Queue the run again if it is paused; see `Run.resume`."""
        self.snapshot = await self._transport.send(runs.resume(self.id))
        return self

    async def checkpoints(self) -> list[Checkpoint]:
        """Return the saved states that are kept; see `Run.checkpoints`."""
        return await self._transport.send(checkpoints.list_checkpoints(self.id))
