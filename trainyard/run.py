"""A submitted run as an object; trainyard/async_run.py has the same for `async` code."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from trainyard.archives import ArchiveDownload
from trainyard.compared_run import ComparedRun
from trainyard.downloads import Download
from trainyard.followed_run import FollowedRun
from trainyard.paused_run import PausedRun
from trainyard.points import Point, PointsDownload
from trainyard.resources import evaluation, metrics, repetitions, runs
from trainyard.resources.evaluation import Evaluation
from trainyard.resources.metrics import Curve, MetricSummary
from trainyard.resources.models import Predictions
from trainyard.resources.runs import RunSnapshot
from trainyard.transport import Transport
from trainyard.waiting import Wait


class Run(FollowedRun, PausedRun, ComparedRun):
    """A run of the service. Made by `submit`, `get_run`, `run` and `list_runs` of `Client`.

        run = client.submit("binary-adder")
        run.wait()
        run.predict([{"a": 45, "b": 77}])

    Its attributes are those that it had when last seen: by `refresh`, `wait`, `pause`, `resume` or `cancel`.
    """

    def __init__(self, transport: Transport, snapshot: RunSnapshot) -> None:
        super().__init__(snapshot)
        self._transport = transport

    def refresh(self) -> Self:
        """Look at the run again, and return it."""
        self.snapshot = self._transport.send(runs.get(self.id))
        return self

    def wait(
        self,
        timeout: float | None = None,
        *,
        check: bool = True,
        unreachable_timeout: float = 60.0,
        on_update: Callable[[Self], object] | None = None,
    ) -> Self:
        """Wait until the run has ended, and return it. Looks every 0.05 s at first, every second later.

        A paused run has not ended: this waits until somebody resumes or cancels it, or the time is over.

        Args:
            timeout: Longest time to wait in seconds; for ever by default.
            check: Raise `RunFailed` unless the run succeeded.
            unreachable_timeout: Seconds for which a service that is away, such as one being restarted, is asked again.
            on_update: Called with the run after each look at it.

        Raises:
            RunFailed: If it failed or was cancelled; `problems` lists what is wrong with its spec, if anything.
            WaitTimedOut: If it has not ended in time; it continues.
            ServiceUnavailable: If the service was away for too long.
        """
        waiting = Wait(timeout, unreachable_timeout)
        while True:
            operation = runs.get(self.id)
            self.snapshot = self._transport.send(
                operation, retry_timeout=waiting.retry_seconds, within=waiting.answer_seconds
            )
            if on_update is not None:
                on_update(self)
            pause = waiting.pause_after(self.snapshot)
            if pause is None:
                return self._check() if check else self
            time.sleep(pause)

    def cancel(self) -> Self:
        """Ask the run to stop, and return it. One that rests is cancelled at once, a running one within seconds.

        Raises:
            Conflict: If it has ended in another way already.
        """
        self.snapshot = self._transport.send(runs.cancel(self.id))
        return self

    def retry(self, *, idempotency_key: str | None = None) -> "Run":
        """Queue the spec of this run again, and return the new run. This one, which must have ended, stays as it is.

        Raises:
            Conflict: If it has not ended.
            InvalidRequest: If its spec cannot be trained any more, as when its dataset was deleted.
        """
        return Run(self._transport, self._transport.send(repetitions.retry(self.id, idempotency_key)))

    def clone(
        self,
        overrides: Mapping[str, Any] | None = None,
        *,
        experiment: str | None = None,
        tags: Mapping[str, str] | None = None,
        notes: str | None = None,
        priority: int | None = None,
        idempotency_key: str | None = None,
    ) -> "Run":
        """Queue a run of this one's spec with changes, and return it.

        Args:
            overrides: A JSON merge patch (RFC 7396) on the spec.
            experiment: By default that of this run.
            tags: By default those of this run.
            notes: Text for people; none by default.
            priority: By default that of this run.
            idempotency_key: A fresh one by default.

        Raises:
            InvalidRequest: If the changed spec cannot be trained; `problems` lists where, such as at `/overrides/seed`.
        """
        operation = repetitions.clone(
            self.id,
            overrides=overrides,
            experiment=experiment,
            tags=tags,
            notes=notes,
            priority=priority,
            idempotency_key=idempotency_key,
        )
        return Run(self._transport, self._transport.send(operation))

    def train_further(
        self,
        epochs: int | None = None,
        *,
        steps: int | None = None,
        experiment: str | None = None,
        tags: Mapping[str, str] | None = None,
        notes: str | None = None,
        priority: int | None = None,
        idempotency_key: str | None = None,
    ) -> "Run":
        """Queue a run that goes on from the last checkpoint of this one, which must have ended, and return it.

        The new run has the state of this one (weights, optimizer, early stopping with its patience renewed) and its
        curves up to there. This one stays as it is, whether it succeeded or not.

        Args:
            epochs: Epochs to train after those of the checkpoint; by default the rest of a run that did not succeed.
            steps: Training steps instead, where the spec gives its length in steps.
            experiment: By default that of this run.
            tags: By default those of this run.
            notes: Text for people; none by default.
            priority: By default that of this run.
            idempotency_key: A fresh one by default.

        Raises:
            Conflict: If it has not ended, or has no checkpoint.
            InvalidRequest: If the length is missing, in the wrong unit or over a limit.
        """
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
        return Run(self._transport, self._transport.send(operation))

    def update(
        self,
        *,
        tags: Mapping[str, str | None] | None = None,
        notes: str | None = None,
        experiment: str | None = None,
        priority: int | None = None,
        replace_notes: bool = False,
    ) -> Self:
        """Change the tags, the notes or the experiment of the run, or its priority while it is queued; return it.

        Args:
            tags: Tags to set; None deletes one. Others stay.
            notes: Text for people; "" deletes it.
            experiment: Experiment to move the run to.
            priority: Queued runs of a higher priority are started first.
            replace_notes: True to replace notes that are there; without it they are kept, as an error.

        Raises:
            Conflict: If there are other notes, or the priority of a run that does not wait is to change.
            InvalidRequest: If a tag or the notes are too long.
        """
        self.snapshot = self._transport.send(
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

    def delete(self, *, force: bool = False) -> None:
        """Delete the run, which must have ended, with its metrics, artifacts and model version.

        Args:
            force: True to take its model version out of its aliases too; one that only it answers for is deleted.

        Raises:
            Conflict: If it has not ended, or aliases point to its model version.
        """
        self._transport.send(runs.delete(self.id, force=force))

    def metrics(self) -> list[MetricSummary]:
        """Return every metric in numbers: first, last, least and greatest value."""
        return self._transport.send(metrics.list_metrics(self._path))

    def history(
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
        """Return the curves of these metrics, or of all.

        Args:
            keys: Of the metrics, such as `epoch/train/loss`, and patterns such as `train/*`; all by default.
            x: `step`, `epoch`, or `time` in seconds since the start of the run's latest attempt.
            max_points: Each curve is thinned to at most so many.
            mode: `minmax`, `lttb` (largest triangle three buckets, Steinarsson 2013) or `raw`.
            smoothing: Weight of the exponential moving average over all points, from 0 to below 1.
            x_min: Least x to show.
            x_max: Greatest x to show.

        Raises:
            NotFound: If the run has ended without one of the metrics.
            InvalidRequest: If there is too much to show; the message says what to lower.
        """
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
        return self._transport.send(operation)

    def export_metrics(
        self,
        target: Path | None = None,
        *,
        file_format: str = "csv",
        keys: Iterable[str] = (),
    ) -> Path:
        """Write every point of the curves of these metrics, or of all, to a file.

        Args:
            target: Where to; by default into the working directory, under the name that the service gives.
            file_format: `csv`, `jsonl` or `parquet`.
            keys: Of the metrics, and patterns such as `train/*`.

        Returns:
            Path of the file, which appears whole, or not at all.

        Raises:
            NotFound: If the run has ended without one of the metrics.
            InvalidArgument: If the file cannot be written, or exists already and was not named.
        """
        with Download(target) as download:
            headers = self._transport.download(metrics.export_path(self._path, keys, file_format), download.write)
            return download.keep(headers, f"{self.id}.{file_format}")

    def evaluation(self) -> Evaluation:
        """Return how the network of a run that has succeeded answers samples that it has not learned from.

        Raises:
            NotFound: If the run has not succeeded, or not yet.
        """
        return self._transport.send(evaluation.get_evaluation(self._path))

    def evaluation_picture(self, *, split: str | None = None) -> str:
        """Return the evaluation as an SVG image.

        Args:
            split: `test` or `validation` samples; by default the test's, where there are any.
        """
        return self._transport.send(evaluation.get_picture(self._path, split))

    def logs(self) -> str:
        """Return the log of its trainer."""
        return self._transport.send(runs.get_logs(self.id))

    def download_artifact(self, name: str, target: Path | None = None) -> Path:
        """Write a file of the run, such as `model.onnx`, to a file. It appears whole, or not at all.

        Args:
            name: Of the file; `snapshot.document["artifacts"]` lists them.
            target: Where to; by default into the working directory, under its name.

        Returns:
            Path of the file.

        Raises:
            NotFound: If the run has no such file.
            InvalidArgument: If it cannot be written, or exists already and was not named.
        """
        with Download(target) as download:
            return download.keep(self._transport.download(runs.artifact_path(self.id, name), download.write), name)

    @contextmanager
    def open_points(self) -> Iterator[Iterator[Point]]:
        """Open every point of every curve, with each digit and its time; curve by curve, steps rising.

            with run.open_points() as points:
                for point in points:
                    print(point.key, point.step, point.value)

        They are received first, into a file; NaN and infinities are among them.
        """
        with PointsDownload() as download:
            self._transport.download(metrics.export_path(self._path, (), "jsonl"), download.write)
            yield download.read()

    def save_tensorboard(self, folder: Path) -> Path:
        """Write the run's curves and spec as TensorBoard's event file, and return the folder of the run.

        Args:
            folder: For the folders of all runs, as `tensorboard --logdir` takes it.

        Raises:
            InvalidArgument: If it cannot be written to.
        """
        with ArchiveDownload() as download:
            self._transport.download(runs.events_path(self.id), download.write)
            return download.unpack(folder)[0]

    def code(self) -> str:
        """Return a Python program that trains the same network on the same data with Keras alone."""
        return self._transport.send(runs.get_code(self.id))

    def predict(self, instances: Sequence[Any], *, with_labels: bool = False) -> Predictions:
        """Predict rows with the model version that this run registered, even if there is a newer one.

        Args:
            instances: As for `Client.predict`.
            with_labels: Name the classes for rows of bare numbers too.

        Raises:
            InvalidArgument: If it was not seen to succeed.
        """
        return self._transport.send(self._predict(instances, with_labels=with_labels))
