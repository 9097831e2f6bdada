"""Export of runs to an MLflow server.

with Client() as client, MlflowServer("http://127.0.0.1:5000") as server:
    export = MlflowExport(server, client.base_url)
    for run in client.list_runs(experiment="iris-optimizers"):
        export.export_run(run)
"""

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from trainyard.exports.mlflow_fields import (
    ATTEMPT_TAG,
    EXPORTED_TAG,
    POINTS_TAG,
    STATUSES,
    clean_key,
    make_metric,
    make_params,
    make_tags,
    to_milliseconds,
)
from trainyard.exports.mlflow_server import MAX_METRICS, PROXIED, MlflowServer
from trainyard.points import Point
from trainyard.resources.runs import RunSnapshot
from trainyard.run import Run

DOCUMENT_NAME = "run.json"
ALL_POINTS = "all"


@dataclass(frozen=True, slots=True)
class Exported:
    """A run that MLflow has now.

    Attributes:
        run_id: Its id in Trainyard.
        mlflow_run_id: Its id in MLflow.
        url: Its page in MLflow.
        num_points: Points that were sent; those of an earlier export are not sent again.
        num_files: Files that were sent.
        warning: What MLflow could not take, if anything.
    """

    run_id: str
    mlflow_run_id: str
    url: str
    num_points: int
    num_files: int
    warning: str | None = None


class MlflowExport:
    """Exports runs. A run that was exported before is brought up to date: nothing is there twice.

    Args:
        server: Where to.
        service_url: Address of the Trainyard that has the runs.
        experiment: MLflow's experiment for all of them; by default each run's own.
        max_points: Thin curves to about so many points, equally far apart; by default all are sent.
        with_files: Export the files of runs too.
    """

    def __init__(
        self,
        server: MlflowServer,
        service_url: str,
        *,
        experiment: str | None = None,
        max_points: int | None = None,
        with_files: bool = True,
    ) -> None:
        self._server = server
        self._service_url = service_url
        self._experiment = experiment
        self._max_points = max_points
        self._with_files = with_files
        self._experiment_ids: dict[str, str] = {}

    def export_run(self, run: Run) -> Exported:
        """Export a run as it is now.

        Raises:
            MlflowError: If MLflow cannot be reached or rejects something; export again to go on.
            TrainyardError: If the run cannot be read.
        """
        snapshot = run.refresh().snapshot
        tags = make_tags(snapshot, self._service_url) | {POINTS_TAG: str(self._max_points or ALL_POINTS)}
        known = self._find_or_create(snapshot, tags)
        mlflow_run_id, artifact_uri = known["info"]["run_id"], known["info"]["artifact_uri"]
        had = {tag["key"]: tag["value"] for tag in known["data"].get("tags") or ()}
        has_curves = had.get(EXPORTED_TAG) in {"curves", "everything"}
        self._send_params(known, make_params(snapshot.document.get("spec")))
        num_points = 0 if has_curves else self._send_points(run, known)
        num_files, warning = 0, None
        if self._with_files and had.get(EXPORTED_TAG) != "everything":
            if artifact_uri.startswith(PROXIED):
                num_files = self._send_files(run, mlflow_run_id, artifact_uri)
            else:
                warning = (
                    f"No files were exported: MLflow keeps those of this run at {artifact_uri}, where its clients "
                    "write themselves. Start its server with --serve-artifacts and --artifacts-destination."
                )
        self._server.update_run(mlflow_run_id, STATUSES[snapshot.state], to_milliseconds(snapshot.ended_at))
        if snapshot.has_ended:
            has_files = (self._with_files and warning is None) or had.get(EXPORTED_TAG) == "everything"
            tags[EXPORTED_TAG] = "everything" if has_files else "curves"
        self._server.set_tags(mlflow_run_id, tags)
        url = f"{self._server.uri}/#/experiments/{known['info']['experiment_id']}/runs/{mlflow_run_id}"
        return Exported(run.id, mlflow_run_id, url, num_points, num_files, warning)

    def _find_or_create(self, run: RunSnapshot, tags: Mapping[str, str]) -> dict[str, Any]:
        """Return MLflow's run. One with points of a lost attempt, or with others than are asked for, is replaced."""
        name = self._experiment or run.experiment
        if name not in self._experiment_ids:
            self._experiment_ids[name] = self._server.find_or_create_experiment(name)
        experiment_id = self._experiment_ids[name]
        found = self._server.find_run(experiment_id, run.id)
        if found is not None:
            had = {tag["key"]: tag["value"] for tag in found["data"].get("tags") or ()}
            # Attempt 0 is that of a queued run, which has no points.
            is_same_attempt = had.get(ATTEMPT_TAG) in {"0", tags[ATTEMPT_TAG]}
            if is_same_attempt and had.get(POINTS_TAG) == tags[POINTS_TAG]:
                return found
            self._server.delete_run(found["info"]["run_id"])
        started = to_milliseconds(run.started_at or run.created_at) or 0
        return self._server.create_run(experiment_id, f"{run.model}-{run.id}", started, tags)

    def _send_params(self, known: Mapping[str, Any], params: Mapping[str, str]) -> None:
        # MLflow takes a parameter once.
        had = {param["key"] for param in known["data"].get("params") or ()}
        self._server.log_params(known["info"]["run_id"], {key: text for key, text in params.items() if key not in had})

    def _send_points(self, run: Run, known: Mapping[str, Any]) -> int:
        """Send the points beyond those that MLflow has, and return their number."""
        last_steps = {metric["key"]: int(metric.get("step") or 0) for metric in known["data"].get("metrics") or ()}
        num_sent = 0
        with run.open_points() as points:
            kept = points if self._max_points is None else self._thin(run, points)
            new = (point for point in kept if point.step > last_steps.get(clean_key(point.key), -1))
            while batch := [make_metric(point) for point in islice(new, MAX_METRICS)]:
                self._server.log_metrics(known["info"]["run_id"], batch)
                num_sent += len(batch)
        return num_sent

    def _thin(self, run: Run, points: Iterable[Point]) -> Iterator[Point]:
        """Yield points of each curve that are equally far apart, its first and its last among them."""
        counts = {summary.key: summary.count for summary in run.metrics()}
        key, index = None, 0
        for point in points:
            index = index + 1 if point.key == key else 0
            key = point.key
            num_points = counts.get(key, 0)
            stride = max(1, -(-num_points // (self._max_points or num_points or 1)))
            if index % stride == 0 or index == num_points - 1:
                yield point

    def _send_files(self, run: Run, mlflow_run_id: str, artifact_uri: str) -> int:
        """Send the files of a run that MLflow does not have, and the run as the service describes it."""
        had = self._server.list_artifacts(mlflow_run_id)
        wanted = {entry["name"]: entry["num_bytes"] for entry in run.snapshot.document.get("artifacts") or ()}
        num_sent = 0
        with tempfile.TemporaryDirectory(prefix="trainyard-") as folder:
            document = Path(folder) / DOCUMENT_NAME
            document.write_text(json.dumps(run.snapshot.document, indent=2, ensure_ascii=False), encoding="utf-8")
            self._server.upload_artifact(artifact_uri, DOCUMENT_NAME, document)
            for name, num_bytes in wanted.items():
                if had.get(name) != num_bytes:
                    path = run.download_artifact(name, Path(folder) / "file")
                    self._server.upload_artifact(artifact_uri, name, path)
                    num_sent += 1
        return num_sent
