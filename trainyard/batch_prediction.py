"""Handles of batch predictions: `BatchPrediction`, and `AsyncBatchPrediction` for asyncio."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from trainyard.downloads import Download
from trainyard.errors import BatchPredictionFailed
from trainyard.resources import batch_predictions
from trainyard.resources.batch_predictions import BatchProgress, BatchSnapshot
from trainyard.transport import AsyncTransport, Transport
from trainyard.uploads import OnProgress
from trainyard.waiting import Wait

NOUN = "Batch prediction"


class BaseBatchPrediction:
    """Base of `BatchPrediction` and `AsyncBatchPrediction`: the batch prediction as it was last seen.

    Attributes:
        snapshot: All that the service said of it when it was last seen.
    """

    def __init__(self, snapshot: BatchSnapshot) -> None:
        self.snapshot = snapshot

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.state}>"

    @property
    def id(self) -> str:
        """Its UUID, version 7."""
        return self.snapshot.id

    @property
    def state(self) -> str:
        """`queued`, `running`, `succeeded`, `failed` or `cancelled` when last seen."""
        return self.snapshot.state

    @property
    def has_ended(self) -> bool:
        """True if its state can no longer change."""
        return self.snapshot.has_ended

    @property
    def has_succeeded(self) -> bool:
        """True if it left a result."""
        return self.state == "succeeded"

    @property
    def progress(self) -> BatchProgress | None:
        """Its progress when last seen, None before the first report."""
        return self.snapshot.progress

    @property
    def num_refused(self) -> int | None:
        """Rows without an answer; None until it has succeeded."""
        return self.snapshot.num_refused

    def _check(self) -> Self:
        if self.has_succeeded:
            return self
        code, detail = self.snapshot.error or ("", "")
        reason = f" {self.state}: {detail}" if detail else f" ended as {self.state}."
        raise BatchPredictionFailed(f"{NOUN} {self.id}{reason}", batch_id=self.id, state=self.state, code=code)

    @property
    def _result_path(self) -> str:
        return f"{batch_predictions.batch_path(self.id)}/result"

    @property
    def _default_name(self) -> str:
        return self.snapshot.result_name or self.id


class BatchPrediction(BaseBatchPrediction):
    """A batch prediction of the service. Made by `batch_predict`, `get_batch_prediction` and `list_batch_predictions`.

    batch = client.batch_predict("iris-keras", "flowers", columns=["id"])
    batch.wait()
    batch.download(Path("answers.csv"))

    Its attributes are those that it had when last seen: by `refresh`, `wait` or `cancel`.
    """

    def __init__(self, transport: Transport, snapshot: BatchSnapshot) -> None:
        super().__init__(snapshot)
        self._transport = transport

    def refresh(self) -> Self:
        """Look at the batch prediction again, and return it."""
        self.snapshot = self._transport.send(batch_predictions.get(self.id))
        return self

    def wait(
        self,
        timeout: float | None = None,
        *,
        check: bool = True,
        unreachable_timeout: float = 60.0,
        on_update: Callable[[Self], object] | None = None,
    ) -> Self:
        """Wait until the batch prediction has ended, and return it.

        Args:
            timeout: Longest time to wait in seconds; for ever by default.
            check: Raise `BatchPredictionFailed` unless it succeeded.
            unreachable_timeout: Seconds for which a service that is away, such as one being restarted, is asked again.
            on_update: Called with the batch prediction after each look at it.

        Raises:
            BatchPredictionFailed: If it failed or was cancelled.
            WaitTimedOut: If it has not ended in time; it continues.
            ServiceUnavailable: If the service was away for too long.
        """
        waiting = Wait(timeout, unreachable_timeout, NOUN)
        while True:
            self.snapshot = self._transport.send(
                batch_predictions.get(self.id), retry_timeout=waiting.retry_seconds, within=waiting.answer_seconds
            )
            if on_update is not None:
                on_update(self)
            pause = waiting.pause_after(self.snapshot)
            if pause is None:
                return self._check() if check else self
            time.sleep(pause)

    def cancel(self) -> Self:
        """Ask the batch prediction to stop, and return it. A queued one is cancelled at once.

        Raises:
            Conflict: If it has ended in another way already.
        """
        self.snapshot = self._transport.send(batch_predictions.cancel(self.id))
        return self

    def delete(self) -> None:
        """Delete the batch prediction, which must have ended, with its result.

        Raises:
            Conflict: If it has not ended.
        """
        self._transport.send(batch_predictions.delete(self.id))

    def download(self, target: Path | None = None, *, on_progress: OnProgress | None = None) -> Path:
        """Write the result to a file, which appears whole, or not at all.

        Args:
            target: Where to; by default into the working directory, under the name that the service gives.
            on_progress: Called with the bytes received so far.

        Returns:
            Path of the file.

        Raises:
            NotFound: If it has no result.
            InvalidArgument: If the file cannot be written, or exists already and was not named.
        """
        with Download(target) as download:
            headers = self._transport.download(self._result_path, download.write, on_progress)
            return download.keep(headers, self._default_name)


class AsyncBatchPrediction(BaseBatchPrediction):
    """`BatchPrediction` for asyncio: the same methods as coroutines. Made by `AsyncClient`."""

    def __init__(self, transport: AsyncTransport, snapshot: BatchSnapshot) -> None:
        super().__init__(snapshot)
        self._transport = transport

    async def refresh(self) -> Self:
        """Look at the batch prediction again; see `BatchPrediction.refresh`."""
        self.snapshot = await self._transport.send(batch_predictions.get(self.id))
        return self

    async def wait(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - named as in `BatchPrediction`
        *,
        check: bool = True,
        unreachable_timeout: float = 60.0,
        on_update: Callable[[Self], object] | None = None,
    ) -> Self:
        """Wait until the batch prediction has ended; see `BatchPrediction.wait`."""
        waiting = Wait(timeout, unreachable_timeout, NOUN)
        while True:
            self.snapshot = await self._transport.send(
                batch_predictions.get(self.id), retry_timeout=waiting.retry_seconds, within=waiting.answer_seconds
            )
            if on_update is not None:
                on_update(self)
            pause = waiting.pause_after(self.snapshot)
            if pause is None:
                return self._check() if check else self
            await asyncio.sleep(pause)

    async def cancel(self) -> Self:
        """Ask the batch prediction to stop; see `BatchPrediction.cancel`."""
        self.snapshot = await self._transport.send(batch_predictions.cancel(self.id))
        return self

    async def delete(self) -> None:
        """Delete the batch prediction; see `BatchPrediction.delete`."""
        await self._transport.send(batch_predictions.delete(self.id))

    async def download(self, target: Path | None = None, *, on_progress: OnProgress | None = None) -> Path:
        """Write the result to a file; see `BatchPrediction.download`."""
        with Download(target) as download:
            headers = await self._transport.download(self._result_path, download.write, on_progress)
            return download.keep(headers, self._default_name)
