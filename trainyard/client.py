"""`Client`: submit runs, follow them and predict with what they trained."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from trainyard.batch_prediction import BatchPrediction
from trainyard.downloads import Download
from trainyard.errors import NotFound
from trainyard.registry import Registry
from trainyard.resources import batch_predictions, datasets, drift, explanations, keys, models, runs, specs
from trainyard.resources.datasets import Dataset, DatasetVersion
from trainyard.resources.drift import Drift
from trainyard.resources.explanations import Explanations
from trainyard.resources.keys import KeyEntry, NewKey
from trainyard.resources.models import Predictions, RowShape, UploadedModel
from trainyard.resources.runs import RunSnapshot
from trainyard.resources.specs import Preset, PresetOrSpec, SpecReport
from trainyard.run import Run
from trainyard.transport import Transport
from trainyard.uploads import OnProgress


class Client:
    """A connection to one Trainyard service; safe to use from several threads.

        with Client() as client:
            run = client.submit("binary-adder")
            run.wait()
            client.predict("binary-adder", [{"a": 45, "b": 77}])

    Every method raises `trainyard.TrainyardError` and nothing else of its own. A request whose connection broke, or
    that was asked to come back later, is sent again for a while.

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
        self._transport = Transport(base_url, api_key=api_key, timeout=timeout, retry_timeout=retry_timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def base_url(self) -> str:
        """Address of the service, without a slash at its end."""
        return self._transport.base_url

    @property
    def registry(self) -> Registry:
        """Models, their versions, and the aliases that decide which versions answer."""
        return Registry(self._transport)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def submit(
        self,
        preset_or_spec: PresetOrSpec,
        *,
        variant: str | None = None,
        overrides: Mapping[str, Any] | None = None,
        experiment: str | None = None,
        tags: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> Run:
        """Queue a run of a preset or of a spec.

        However often the request has to be sent, one run comes of it: it carries an Idempotency-Key.

        Args:
            preset_or_spec: A preset's name, or a whole spec as a dict.
            variant: One of the preset's variants.
            overrides: A JSON merge patch (RFC 7396) on the preset's spec, after the variant's.
            experiment: Group to put the run in; by default named as the preset or the spec.
            tags: Words of your own, kept with the run.
            idempotency_key: A fresh one by default. Give one to make the run once however often a program is started.

        Raises:
            InvalidRequest: If the spec cannot be trained; `problems` lists where.
            NotFound: If no preset has this name, or the preset no such variant.
        """
        operation = runs.submit(
            preset_or_spec,
            variant=variant,
            overrides=overrides,
            experiment=experiment,
            tags=tags,
            idempotency_key=idempotency_key,
        )
        return Run(self._transport, self._transport.send(operation))

    def run(self, run_id: str) -> Run:
        """Return the handle of a run without asking the service; its state is `unknown` until it is looked at."""
        return Run(self._transport, RunSnapshot.of_unknown(run_id))

    def get_run(self, run_id: str) -> Run:
        """Return one run, as it is now.

        Raises:
            NotFound: If there is none of this id.
        """
        return Run(self._transport, self._transport.send(runs.get(run_id)))

    def list_runs(
        self,
        *,
        states: Sequence[str] = (),
        experiment: str | None = None,
        model: str | None = None,
        page_size: int = 100,
    ) -> Iterator[Run]:
        """Yield the runs that fit, newest first, fetched a page at a time as they are asked for.

        Args:
            states: Such as `["queued", "running"]`; all by default.
            experiment: Only runs of this experiment.
            model: Only runs that train this model.
            page_size: Runs to fetch in one request.
        """
        found = self._transport.list(
            lambda cursor: runs.list_page(
                states=states, experiment=experiment, model=model, page_size=page_size, cursor=cursor
            )
        )
        return (Run(self._transport, snapshot) for snapshot in found)

    def predict(
        self,
        model: str,
        instances: Sequence[Any],
        *,
        version: int | None = None,
        label: str | None = None,
        with_labels: bool = False,
    ) -> Predictions:
        """Answer rows with a trained model: its newest version, or the one named by number or by label.

        Args:
            model: Its name.
            instances: Rows: arrays of numbers (a NumPy array will do), or objects such as `{"a": 45, "b": 77}`.
            version: Number of the version.
            label: An alias that points at one, such as `production`.
            with_labels: Name the classes of a classifier for rows of bare numbers too.

        Raises:
            NotFound: If there is no such model or version.
            InvalidRequest: If the rows do not fit the model; the message says what was expected.
        """
        return self._transport.send(
            models.predict(model, instances, version=version, label=label, with_labels=with_labels)
        )

    def get_row_shape(self, model: str, *, version: int | None = None, label: str | None = None) -> RowShape:
        """Return the sizes of one row of a model's input, None for any; None if they are not known."""
        try:
            return self._transport.send(models.get_row_shape(model, version=version, label=label))
        except NotFound:
            return None

    def upload_model(
        self,
        model: str,
        source: Path,
        *,
        signature: Mapping[str, Any] | None = None,
        on_progress: OnProgress | None = None,
    ) -> UploadedModel:
        """Register an ONNX file as the next version of a model, which is then served like those trained here.

        Args:
            model: Name of the model, new or not.
            source: The file.
            signature: What the network does not say, such as `{"columns": [...], "class_labels": [...]}`; names, types
                and shapes of inputs and outputs are those of the network.
            on_progress: Called with the bytes sent so far; starts over from 0 when they have to be sent again.

        Raises:
            InvalidArgument: If the file cannot be read.
            InvalidRequest: If the service cannot serve it; the message says why.
        """
        return self._transport.send(models.upload(model, source, signature=signature, on_progress=on_progress))

    def explain(
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
        """Explain predictions: what each column of a row contributes, or which parts of an image matter.

        Args:
            model: Its name.
            instances: Rows, as for `predict`.
            version: Number of the version.
            label: An alias that points at one.
            method: `shapley` or `occlusion`; by default the first for columns, the other for images.
            target: Label of the class to explain, or number of an output; by default each row's predicted class.
            num_samples: Orders of columns to draw, if there are more than ten columns.
            seed: Equal seeds draw the same orders.
            background: Rows to compare with; by default rows like the training samples.

        Raises:
            NotFound: If there is no such model or version.
            InvalidRequest: If the rows do not fit, or the model cannot be explained; the message says why.
        """
        options = explanations.list_options(
            method=method, target=target, num_samples=num_samples, seed=seed, background=background
        )
        return self._transport.send(
            explanations.explain(model, instances, version=version, label=label, options=options)
        )

    def draw_explanation(
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
        return self._transport.send(
            explanations.draw(model, instances, form=form, version=version, label=label, options=options)
        )

    def get_drift(self, model: str, version: int | None = None, *, since: str | None = None) -> Drift:
        """Compare what a model version was asked and answered with its training samples.

        Args:
            model: Its name.
            version: Number of the version; by default the newest.
            since: Compare rows from then on: an age such as `24h`, a date or a time, or `always`; by default `7d`.

        Raises:
            NotFound: If there is no such model or version.
            InvalidRequest: If `since` is no moment.
        """
        number = version if version is not None else self._transport.send(drift.get_newest(model))
        return self._transport.send(drift.get_drift(model, number, since))

    def get_drift_picture(self, model: str, version: int | None = None, *, since: str | None = None) -> str:
        """Return the same as an SVG image."""
        number = version if version is not None else self._transport.send(drift.get_newest(model))
        return self._transport.send(drift.get_picture(model, number, since))

    def batch_predict(
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
    ) -> BatchPrediction:
        """Queue answers to the rows of an uploaded dataset, as a job on the workers.

        However often the request has to be sent, one batch prediction comes of it: it carries an Idempotency-Key.

        Args:
            model: Name of the model.
            dataset: Name of the uploaded dataset.
            version: Number of the model's version; by default the newest.
            label: An alias of the model, such as `production`.
            dataset_version: By default the newest.
            array: Array of the inputs, if the dataset is arrays and it cannot be told by its name.
            columns: Columns of the dataset that the result repeats, such as ids.
            format: `csv`, `parquet` or `npz`.
            answers: `labels`, `probabilities` or `values`; by default labels where the model has them.
            start: First row, counted from 0.
            stop: Row after the last one; by default all.
            on_error: `continue` leaves out the answers of rows that the model cannot answer; `fail` fails.
            idempotency_key: A fresh one by default.

        Raises:
            InvalidRequest: If the dataset does not fit the model; `problems` lists where.
            NotFound: If there is no such model or version.
        """
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
        return BatchPrediction(self._transport, self._transport.send(operation))

    def get_batch_prediction(self, batch_id: str) -> BatchPrediction:
        """Return one batch prediction, as it is now.

        Raises:
            NotFound: If there is none of this id.
        """
        return BatchPrediction(self._transport, self._transport.send(batch_predictions.get(batch_id)))

    def list_batch_predictions(
        self, *, states: Sequence[str] = (), model: str | None = None, page_size: int = 100
    ) -> Iterator[BatchPrediction]:
        """Yield the batch predictions that fit, newest first, fetched a page at a time as they are asked for.

        Args:
            states: Such as `["queued", "running"]`; all by default.
            model: Only batch predictions of this model.
            page_size: Batch predictions to fetch in one request.
        """
        found = self._transport.list(
            lambda cursor: batch_predictions.list_page(states=states, model=model, page_size=page_size, cursor=cursor)
        )
        return (BatchPrediction(self._transport, snapshot) for snapshot in found)

    def list_presets(self) -> list[Preset]:
        """Return the catalogue of specs that can be run as they stand."""
        return self._transport.send(specs.list_presets())

    def get_preset(self, name: str) -> Preset:
        """Return one preset.

        Raises:
            NotFound: If none has this name; the message names the nearest.
        """
        return self._transport.send(specs.get_preset(name))

    def validate(
        self,
        preset_or_spec: PresetOrSpec,
        *,
        variant: str | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> SpecReport:
        """Check what `submit` takes, and describe its network; nothing is queued.

        Raises:
            InvalidRequest: If it cannot be trained; `problems` lists where.
        """
        return self._transport.send(specs.validate(preset_or_spec, variant=variant, overrides=overrides))

    def list_datasets(self) -> list[Dataset]:
        """Return the datasets that the service knows: what is built in, and every upload."""
        return list(self._transport.list(datasets.list_page))

    def get_dataset(self, name: str, version: int | None = None) -> DatasetVersion:
        """Return what was found in a version of an uploaded dataset; in the newest by default.

        Raises:
            NotFound: If there is none; the message names what there is.
            InvalidArgument: If the dataset is built in and has no versions.
        """
        return self._transport.send(datasets.get(name, version))

    def upload_dataset(
        self,
        name: str,
        source: Path,
        *,
        filename: str | None = None,
        on_progress: OnProgress | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> DatasetVersion:
        """Upload a file, or a folder as a tar archive. The same bytes under the same name make no new version.

        Args:
            name: Name for the dataset.
            source: The file, or a folder: of images in folders named after their classes, or of tables or arrays; for
                `mnist` of LeCun's four IDX files, gzipped or not.
            filename: Name for the file; by default the one it has.
            on_progress: Called with the bytes sent so far; starts over from 0 when they have to be sent again.
            options: How to read it, such as `{"header": False, "decimal": ","}`; the rest is detected.

        Raises:
            InvalidArgument: If it cannot be read.
            InvalidRequest: If the service cannot use it; the message says why.
        """
        return self._transport.send(
            datasets.upload(name, source, filename=filename, on_progress=on_progress, options=options)
        )

    def reread_dataset(
        self, name: str, version: int | None = None, *, options: Mapping[str, Any] | None = None
    ) -> DatasetVersion:
        """Read the bytes of an upload again, with other options, as another version. Nothing is sent again.

        Args:
            name: Of the dataset.
            version: By default the newest.
            options: All options, not only those that change; without them everything is detected.

        Raises:
            NotFound: If there is none; the message names what there is.
            InvalidRequest: If the bytes cannot be read so; the message says why.
        """
        number = version if version is not None else self.get_dataset(name).version
        return self._transport.send(datasets.reread(name, number, options or {}))

    def download_dataset(
        self,
        name: str,
        version: int | None = None,
        *,
        target: Path | None = None,
        on_progress: OnProgress | None = None,
    ) -> Path:
        """Write the bytes of an upload to a file, as they were sent. The file appears whole, or not at all.

        Args:
            name: Of the dataset.
            version: By default the newest.
            target: Where to; by default into the working directory, under the name the file was uploaded with.
            on_progress: Called with the bytes received so far.

        Returns:
            Path of the file.

        Raises:
            InvalidArgument: If the file cannot be written, or exists already and was not named.
        """
        number = version if version is not None else self.get_dataset(name).version
        with Download(target) as download:
            path = f"{datasets.dataset_path(name, number)}/content"
            headers = self._transport.download(path, download.write, on_progress)
            return download.keep(headers, name)

    def delete_dataset(self, name: str, version: int | None = None) -> None:
        """Delete an uploaded dataset, or one version of it.

        Raises:
            Conflict: If unfinished runs train on it; the message names them.
        """
        self._transport.send(datasets.delete(name, version))

    def create_key(self, name: str, scopes: Sequence[str], *, lifetime_seconds: int | None = None) -> NewKey:
        """Create an API key. Its secret is in this answer and nowhere else.

        Sent once: a second request would create a second key. After `ServiceUnavailable` look with `list_keys`.

        Args:
            name: User or purpose of the key; two live keys may have the same.
            scopes: Of `read`, `submit`, `predict`, `admin`, `metrics`.
            lifetime_seconds: Until it expires; until it is revoked by default.

        Raises:
            Conflict: If two live keys have the name already.
        """
        return self._transport.send(keys.create(name, scopes, lifetime_seconds))

    def list_keys(self) -> list[KeyEntry]:
        """Return every API key there is or was."""
        return self._transport.send(keys.list_keys())

    def revoke_key(self, prefix: str) -> None:
        """Close an API key for good. Where the whole key is given, only its public part is sent.

        Raises:
            Conflict: If it is the last admin key, or one that the service was started with.
        """
        self._transport.send(keys.revoke(prefix))
