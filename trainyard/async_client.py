"""`AsyncClient`: what `Client` does, for asyncio."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from trainyard.batch_prediction import AsyncBatchPrediction
from trainyard.downloads import Download
from trainyard.errors import NotFound
from trainyard.registry import AsyncRegistry
from trainyard.resources import batch_predictions, datasets, drift, explanations, keys, models, runs, specs
from trainyard.resources.datasets import Dataset, DatasetVersion
from trainyard.resources.drift import Drift
from trainyard.resources.explanations import Explanations
from trainyard.resources.keys import KeyEntry, NewKey
from trainyard.resources.models import Predictions, RowShape, UploadedModel
from trainyard.resources.runs import RunSnapshot
from trainyard.resources.specs import Preset, PresetOrSpec, SpecReport
from trainyard.run import AsyncRun
from trainyard.transport import AsyncTransport
from trainyard.uploads import OnProgress


class AsyncClient:
    """`Client` for asyncio: the same methods as coroutines, the same arguments, answers and errors.

        async with AsyncClient() as client:
            run = await client.submit("binary-adder")
            await run.wait()
            await client.predict("binary-adder", [{"a": 45, "b": 77}])

    Many requests may be in progress at once. `list_runs` is iterated with `async for`.

    Args:
        base_url: Such as `http://127.0.0.1:8000`; by default from TRAINYARD_URL, or TRAINYARD_HOST and TRAINYARD_PORT.
        api_key: API key to send; by default from TRAINYARD_KEY. "" sends none.
        timeout: Seconds that one answer may take.
        retry_timeout: Seconds for which a request is sent again.

    Raises:
        InvalidArgument: If the address or the key cannot be used.
    """

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        timeout: float = 60.0,
        retry_timeout: float = 10.0,
    ) -> None:
        self._transport = AsyncTransport(base_url, api_key=api_key, timeout=timeout, retry_timeout=retry_timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def base_url(self) -> str:
        """Address of the service, without a slash at its end."""
        return self._transport.base_url

    @property
    def registry(self) -> AsyncRegistry:
        """Models, their versions, and the aliases that decide which versions answer."""
        return AsyncRegistry(self._transport)

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def submit(
        self,
        preset_or_spec: PresetOrSpec,
        *,
        variant: str | None = None,
        overrides: Mapping[str, Any] | None = None,
        experiment: str | None = None,
        tags: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> AsyncRun:
        """Queue a run of a preset or of a spec; see `Client.submit`."""
        operation = runs.submit(
            preset_or_spec,
            variant=variant,
            overrides=overrides,
            experiment=experiment,
            tags=tags,
            idempotency_key=idempotency_key,
        )
        return AsyncRun(self._transport, await self._transport.send(operation))

    def run(self, run_id: str) -> AsyncRun:
        """Return the handle of a run without asking the service; see `Client.run`."""
        return AsyncRun(self._transport, RunSnapshot.of_unknown(run_id))

    async def get_run(self, run_id: str) -> AsyncRun:
        """Return one run, as it is now; see `Client.get_run`."""
        return AsyncRun(self._transport, await self._transport.send(runs.get(run_id)))

    def list_runs(
        self,
        *,
        states: Sequence[str] = (),
        experiment: str | None = None,
        model: str | None = None,
        page_size: int = 100,
    ) -> AsyncIterator[AsyncRun]:
        """Yield the runs that fit, newest first: `async for run in client.list_runs()`; see `Client.list_runs`."""
        found = self._transport.list(
            lambda cursor: runs.list_page(
                states=states, experiment=experiment, model=model, page_size=page_size, cursor=cursor
            )
        )
        return (AsyncRun(self._transport, snapshot) async for snapshot in found)

    async def predict(
        self,
        model: str,
        instances: Sequence[Any],
        *,
        version: int | None = None,
        label: str | None = None,
        with_labels: bool = False,
    ) -> Predictions:
        """Answer rows with a trained model; see `Client.predict`."""
        return await self._transport.send(
            models.predict(model, instances, version=version, label=label, with_labels=with_labels)
        )

    async def get_row_shape(self, model: str, *, version: int | None = None, label: str | None = None) -> RowShape:
        """Return the sizes of one row of a model's input; see `Client.get_row_shape`."""
        try:
            return await self._transport.send(models.get_row_shape(model, version=version, label=label))
        except NotFound:
            return None

    async def upload_model(
        self,
        model: str,
        source: Path,
        *,
        signature: Mapping[str, Any] | None = None,
        on_progress: OnProgress | None = None,
    ) -> UploadedModel:
        """Register an ONNX file as the next version of a model; see `Client.upload_model`."""
        return await self._transport.send(
            await asyncio.to_thread(models.upload, model, source, signature=signature, on_progress=on_progress)
        )

    async def explain(
        self,
        model: str,
        instances: Sequence[Any],
        *,
        version: int | None = None,
        label: str | None = None,
        method: str | None = None,
        target: str | float | None = None,
        num_samples: int | None = None,
        seed: int | None = None,
        background: Sequence[Any] | None = None,
    ) -> Explanations:
        """Explain predictions; see `Client.explain`."""
        options = explanations.list_options(
            method=method, target=target, num_samples=num_samples, seed=seed, background=background
        )
        return await self._transport.send(
            explanations.explain(model, instances, version=version, label=label, options=options)
        )

    async def draw_explanation(
        self,
        model: str,
        instances: Sequence[Any],
        form: str = "svg",
        *,
        version: int | None = None,
        label: str | None = None,
        method: str | None = None,
        target: str | float | None = None,
        num_samples: int | None = None,
        seed: int | None = None,
        background: Sequence[Any] | None = None,
    ) -> bytes:
        """Return the same as an image: `svg`, or for images also `png`."""
        options = explanations.list_options(
            method=method, target=target, num_samples=num_samples, seed=seed, background=background
        )
        return await self._transport.send(
            explanations.draw(model, instances, form=form, version=version, label=label, options=options)
        )

    async def get_drift(self, model: str, version: int | None = None, *, since: str | None = None) -> Drift:
        """Compare what a model version was asked with its training samples; see `Client.get_drift`."""
        number = version if version is not None else await self._transport.send(drift.get_newest(model))
        return await self._transport.send(drift.get_drift(model, number, since))

    async def get_drift_picture(self, model: str, version: int | None = None, *, since: str | None = None) -> str:
        """Return the same as an SVG image."""
        number = version if version is not None else await self._transport.send(drift.get_newest(model))
        return await self._transport.send(drift.get_picture(model, number, since))

    async def batch_predict(
        self,
        model: str,
        dataset: str,
        *,
        version: int | None = None,
        label: str | None = None,
        dataset_version: int | None = None,
        array: str | None = None,
        columns: Sequence[str] = (),
        format: str = "csv",  # noqa: A002 - named as in the interface
        answers: str | None = None,
        start: int = 0,
        stop: int | None = None,
        on_error: str = "continue",
        idempotency_key: str | None = None,
    ) -> AsyncBatchPrediction:
        """Queue answers to the rows of an uploaded dataset; see `Client.batch_predict`."""
        operation = batch_predictions.submit(
            model,
            dataset,
            version=version,
            label=label,
            dataset_version=dataset_version,
            array=array,
            columns=columns,
            format=format,
            answers=answers,
            start=start,
            stop=stop,
            on_error=on_error,
            idempotency_key=idempotency_key,
        )
        return AsyncBatchPrediction(self._transport, await self._transport.send(operation))

    async def get_batch_prediction(self, batch_id: str) -> AsyncBatchPrediction:
        """Return one batch prediction, as it is now; see `Client.get_batch_prediction`."""
        return AsyncBatchPrediction(self._transport, await self._transport.send(batch_predictions.get(batch_id)))

    def list_batch_predictions(
        self, *, states: Sequence[str] = (), model: str | None = None, page_size: int = 100
    ) -> AsyncIterator[AsyncBatchPrediction]:
        """Yield the batch predictions that fit, newest first, with `async for`; see `Client.list_batch_predictions`."""
        found = self._transport.list(
            lambda cursor: batch_predictions.list_page(states=states, model=model, page_size=page_size, cursor=cursor)
        )
        return (AsyncBatchPrediction(self._transport, snapshot) async for snapshot in found)

    async def list_presets(self) -> list[Preset]:
        """Return the catalogue of specs that can be run as they stand; see `Client.list_presets`."""
        return await self._transport.send(specs.list_presets())

    async def get_preset(self, name: str) -> Preset:
        """Return one preset; see `Client.get_preset`."""
        return await self._transport.send(specs.get_preset(name))

    async def validate(
        self,
        preset_or_spec: PresetOrSpec,
        *,
        variant: str | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> SpecReport:
        """Check what `submit` takes, and describe its network; nothing is queued; see `Client.validate`."""
        return await self._transport.send(specs.validate(preset_or_spec, variant=variant, overrides=overrides))

    async def list_datasets(self) -> list[Dataset]:
        """Return the datasets that the service knows; see `Client.list_datasets`."""
        return [dataset async for dataset in self._transport.list(datasets.list_page)]

    async def get_dataset(self, name: str, version: int | None = None) -> DatasetVersion:
        """Return what was found in a version of an uploaded dataset; see `Client.get_dataset`."""
        return await self._transport.send(datasets.get(name, version))

    async def upload_dataset(
        self,
        name: str,
        source: Path,
        *,
        filename: str | None = None,
        on_progress: OnProgress | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> DatasetVersion:
        """Upload a file, or a folder as a tar archive; see `Client.upload_dataset`."""
        return await self._transport.send(
            await asyncio.to_thread(
                datasets.upload, name, source, filename=filename, on_progress=on_progress, options=options
            )
        )

    async def reread_dataset(
        self, name: str, version: int | None = None, *, options: Mapping[str, Any] | None = None
    ) -> DatasetVersion:
        """Read the bytes of an upload again, with other options; see `Client.reread_dataset`."""
        number = version if version is not None else (await self.get_dataset(name)).version
        return await self._transport.send(datasets.reread(name, number, options or {}))

    async def download_dataset(
        self,
        name: str,
        version: int | None = None,
        *,
        target: Path | None = None,
        on_progress: OnProgress | None = None,
    ) -> Path:
        """Write the bytes of an upload to a file; see `Client.download_dataset`."""
        number = version if version is not None else (await self.get_dataset(name)).version
        with Download(target) as download:
            path = f"{datasets.dataset_path(name, number)}/content"
            headers = await self._transport.download(path, download.write, on_progress)
            return download.keep(headers, name)

    async def delete_dataset(self, name: str, version: int | None = None) -> None:
        """Delete an uploaded dataset, or one version of it; see `Client.delete_dataset`."""
        await self._transport.send(datasets.delete(name, version))

    async def create_key(self, name: str, scopes: Sequence[str], *, lifetime_seconds: int | None = None) -> NewKey:
        """Create an API key. Its secret is in this answer and nowhere else; see `Client.create_key`."""
        return await self._transport.send(keys.create(name, scopes, lifetime_seconds))

    async def list_keys(self) -> list[KeyEntry]:
        """Return every API key there is or was; see `Client.list_keys`."""
        return await self._transport.send(keys.list_keys())

    async def revoke_key(self, prefix: str) -> None:
        """Close an API key for good; see `Client.revoke_key`."""
        await self._transport.send(keys.revoke(prefix))
