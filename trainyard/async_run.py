"""A run as an object, for `async` code; trainyard/run.py says what its methods do."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

from trainyard.archives import ArchiveDownload
from trainyard.compared_run import AsyncComparedRun
from trainyard.downloads import Download
from trainyard.followed_run import AsyncFollowedRun
from trainyard.paused_run import AsyncPausedRun
from trainyard.points import Point, PointsDownload
from trainyard.resources import evaluation, metrics, repetitions, runs
from trainyard.resources.evaluation import Evaluation
from trainyard.resources.metrics import Curve, MetricSummary
from trainyard.resources.models import Predictions
from trainyard.resources.runs import RunSnapshot
from trainyard.transport import AsyncTransport
from trainyard.waiting import Wait


class AsyncRun(AsyncFollowedRun, AsyncPausedRun, AsyncComparedRun):
    """`Run` for asyncio: the same methods as coroutines. Made by `AsyncClient`."""

    def __init__(self, transport: AsyncTransport, snapshot: RunSnapshot) -> None:
        super().__init__(snapshot)
        self._transport = transport

    async def refresh(self) -> Self:
        """Look at the run again; see `Run.refresh`."""
        self.snapshot = await self._transport.send(runs.get(self.id))
        return self

    async def wait(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - named as in `Run`; the last look gets time to be answered in
        *,
        check: bool = True,
        unreachable_timeout: float = 60.0,
        on_update: Callable[[Self], object] | None = None,
    ) -> Self:
        """Wait until the run has ended; see `Run.wait`."""
        waiting = Wait(timeout, unreachable_timeout)
        while True:
            operation = runs.get(self.id)
            self.snapshot = await self._transport.send(
                operation, retry_timeout=waiting.retry_seconds, within=waiting.answer_seconds
            )
            if on_update is not None:
                on_update(self)
            pause = waiting.pause_after(self.snapshot)
            if pause is None:
                return self._check() if check else self
            await asyncio.sleep(pause)

    async def cancel(self) -> Self:
        """Ask the run to stop; see `Run.cancel`."""
        self.snapshot = await self._transport.send(runs.cancel(self.id))
        return self

    async def retry(self, *, idempotency_key: str | None = None) -> "AsyncRun":
        """Queue the spec of this run again; see `Run.retry`."""
        return AsyncRun(self._transport, await self._transport.send(repetitions.retry(self.id, idempotency_key)))

    async def clone(
        self,
        overrides: Mapping[str, Any] | None = None,
        *,
        experiment: str | None = None,
        tags: Mapping[str, str] | None = None,
        notes: str | None = None,
        priority: int | None = None,
        idempotency_key: str | None = None,
    ) -> "AsyncRun":
        """Queue a run of this one's spec with changes; see `Run.clone`."""
        operation = repetitions.clone(
            self.id,
            overrides=overrides,
            experiment=experiment,
            tags=tags,
            notes=notes,
            priority=priority,
            idempotency_key=idempotency_key,
        )
        return AsyncRun(self._transport, await self._transport.send(operation))

    async def train_further(
        self,
        epochs: int | None = None,
        *,
        steps: int | None = None,
        experiment: str | None = None,
        tags: Mapping[str, str] | None = None,
        notes: str | None = None,
        priority: int | None = None,
        idempotency_key: str | None = None,
    ) -> "AsyncRun":
        """Queue a run that goes on from the last checkpoint of this one; see `Run.train_further`."""
        operation = repetitions.train_further(
            self.id,
            epochs=epochs,
            steps=steps,
            experiment=experiment,
            tags=tags,
            notes=notes,
            priority=priority,
            idempotency_key=idempotency_key,
        )
        return AsyncRun(self._transport, await self._transport.send(operation))

    async def update(
        self,
        *,
        tags: Mapping[str, str | None] | None = None,
        notes: str | None = None,
        experiment: str | None = None,
        priority: int | None = None,
        replace_notes: bool = False,
    ) -> Self:
        """Change the run; see `Run.update`."""
        self.snapshot = await self._transport.send(
            runs.update(
                self.id,
                tags=tags,
                notes=notes,
                experiment=experiment,
                priority=priority,
                replace_notes=replace_notes,
            )
        )
        return self

    async def delete(self, *, force: bool = False) -> None:
        """Delete the run; see `Run.delete`."""
        await self._transport.send(runs.delete(self.id, force=force))

    async def metrics(self) -> list[MetricSummary]:
        """Return every metric in numbers; see `Run.metrics`."""
        return await self._transport.send(metrics.list_metrics(self._path))

    async def history(
        self,
        keys: Iterable[str] = (),
        *,
        x: str = "step",
        max_points: int = 500,
        mode: str = "minmax",
        smoothing: float = 0.0,
        x_min: float | None = None,
        x_max: float | None = None,
    ) -> list[Curve]:
        """Return the curves of these metrics, or of all; see `Run.history`."""
        operation = metrics.get_history(
            self._path,
            keys,
            x=x,
            max_points=max_points,
            mode=mode,
            smoothing=smoothing,
            x_min=x_min,
            x_max=x_max,
        )
        return await self._transport.send(operation)

    async def export_metrics(
        self,
        target: Path | None = None,
        *,
        file_format: str = "csv",
        keys: Iterable[str] = (),
    ) -> Path:
        """Write every point of these metrics, or of all, to a file; see `Run.export_metrics`."""
        with Download(target) as download:
            path = metrics.export_path(self._path, keys, file_format)
            headers = await self._transport.download(path, download.write)
            return download.keep(headers, f"{self.id}.{file_format}")

    async def evaluation(self) -> Evaluation:
        """Return how the network answers samples that it has not learned from; see `Run.evaluation`."""
        return await self._transport.send(evaluation.get_evaluation(self._path))

    async def evaluation_picture(self, *, split: str | None = None) -> str:
        """Return the evaluation as an SVG image; see `Run.evaluation_picture`."""
        return await self._transport.send(evaluation.get_picture(self._path, split))

    async def logs(self) -> str:
        """Return the log of its trainer."""
        return await self._transport.send(runs.get_logs(self.id))

    async def download_artifact(self, name: str, target: Path | None = None) -> Path:
        """Write a file of the run to a file; see `Run.download_artifact`."""
        with Download(target) as download:
            path = runs.artifact_path(self.id, name)
            return download.keep(await self._transport.download(path, download.write), name)

    @asynccontextmanager
    async def open_points(self) -> AsyncIterator[Iterator[Point]]:
        """Open every point of every curve; see `Run.open_points`."""
        with PointsDownload() as download:
            await self._transport.download(metrics.export_path(self._path, (), "jsonl"), download.write)
            yield download.read()

    async def save_tensorboard(self, folder: Path) -> Path:
        """Write the run's curves and spec as TensorBoard's event file; see `Run.save_tensorboard`."""
        with ArchiveDownload() as download:
            await self._transport.download(runs.events_path(self.id), download.write)
            return (await asyncio.to_thread(download.unpack, folder))[0]

    async def code(self) -> str:
        """Return a Python program that trains the same; see `Run.code`."""
        return await self._transport.send(runs.get_code(self.id))

    async def predict(self, instances: Sequence[Any], *, with_labels: bool = False) -> Predictions:
        """Answer rows with the model version that this run registered; see `Run.predict`."""
        return await self._transport.send(self._predict(instances, with_labels=with_labels))
