"""Methods of the clients for dead letters."""

from collections.abc import AsyncIterator, Iterator, Sequence

from trainyard.resources import dead_letters
from trainyard.resources.dead_letters import DeadLetter, RetriedLetters
from trainyard.transport import AsyncTransport, Transport


class DeadLetterMethods:
    """Part of `Client`."""

    _transport: Transport

    def list_dead_letters(
        self,
        *,
        kind: str | None = None,
        error: str | None = None,
        experiment: str | None = None,
        page_size: int = 100,
    ) -> Iterator[DeadLetter]:
        """Yield the runs and batch predictions that failed though their specs are not at fault, the last one first.

        One is no dead letter any more once it was retried, cloned or deleted.

        Args:
            kind: `run` or `batch_prediction`; both by default.
            error: Only those with an error of this code, such as `storage_failed`.
            experiment: Only runs of this experiment.
            page_size: Dead letters in each request.
        """
        return self._transport.list(
            lambda cursor: dead_letters.list_page(kind, error, experiment, page_size=page_size, cursor=cursor)
        )

    def retry_dead_letters(
        self,
        ids: Sequence[str] | None = None,
        *,
        kind: str | None = None,
        error: str | None = None,
        experiment: str | None = None,
    ) -> RetriedLetters:
        """Queue dead letters again, each as a new run or batch prediction, up to 1,000 in a call.

        Each is retried once, however often the request has to be sent.

        Args:
            ids: Ids of the dead letters; by default all that the other arguments choose.
            kind: `run` or `batch_prediction`; both by default.
            error: Only those with an error of this code.
            experiment: Only runs of this experiment.

        Returns:
            The new ids, those that were refused with the reason, and how many are left.
        """
        return self._transport.send(dead_letters.retry(ids, kind, error, experiment))


class AsyncDeadLetterMethods:
    """Part of `AsyncClient`."""

    _transport: AsyncTransport

    def list_dead_letters(
        self,
        *,
        kind: str | None = None,
        error: str | None = None,
        experiment: str | None = None,
        page_size: int = 100,
    ) -> AsyncIterator[DeadLetter]:
        """Yield the dead letters, the last one first, with `async for`; see `Client.list_dead_letters`."""
        return self._transport.list(
            lambda cursor: dead_letters.list_page(kind, error, experiment, page_size=page_size, cursor=cursor)
        )

    async def retry_dead_letters(
        self,
        ids: Sequence[str] | None = None,
        *,
        kind: str | None = None,
        error: str | None = None,
        experiment: str | None = None,
    ) -> RetriedLetters:
        """Queue dead letters again; see `Client.retry_dead_letters`."""
        return await self._transport.send(dead_letters.retry(ids, kind, error, experiment))
