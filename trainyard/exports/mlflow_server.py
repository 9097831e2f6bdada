"""MLflow's REST interface, as far as exports need it: https://mlflow.org/docs/latest/rest-api.html."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx

from trainyard.errors import BUSY_STATUSES, InvalidArgument, TrainyardError

API = "/api/2.0/mlflow"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
PROXIED = "mlflow-artifacts:"
"""Scheme of artifacts that the server itself takes."""
RUN_TAG = "trainyard.run_id"

MAX_METRICS, MAX_PARAMS, MAX_TAGS = 1000, 100, 100
"""Most in a batch, and few enough for its limit of 1 MB."""

TIMEOUT_SECONDS = 60.0
PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds before a request is sent again to a server that is busy or broke off."""

KIND_TAG, TRAINING_KIND = "mlflow.experimentKind", "custom_model_development"
"""Without it MLflow's pages show runs as evaluations of generative models until somebody chooses another kind."""

MISSING = "RESOURCE_DOES_NOT_EXIST"
EXISTS = "RESOURCE_ALREADY_EXISTS"


class MlflowError(TrainyardError):
    """An MLflow server cannot be reached, or rejects what is exported to it."""


class MlflowServer:
    """An MLflow tracking server.

    Credentials are taken from MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, as
    MLflow's own client does.

    Args:
        uri: Its address, such as `http://127.0.0.1:5000`.

    Raises:
        InvalidArgument: If it is not an address of HTTP.
    """

    def __init__(self, uri: str) -> None:
        parts = urlsplit(uri)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise InvalidArgument(
                f"'{uri}' is not the address of an MLflow server. Give one of HTTP, such as http://127.0.0.1:5000."
            )
        self.uri = uri.rstrip("/")
        token = os.environ.get("MLFLOW_TRACKING_TOKEN")
        user = os.environ.get("MLFLOW_TRACKING_USERNAME")
        self._http = httpx.Client(
            base_url=self.uri,
            timeout=TIMEOUT_SECONDS,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            auth=(user, os.environ.get("MLFLOW_TRACKING_PASSWORD", "")) if user and not token else None,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def find_or_create_experiment(self, name: str) -> str:
        """Return the id of an experiment, which is created if there is none.

        Raises:
            MlflowError: If it was deleted, so that MLflow neither has it nor takes another of its name.
        """
        found = self._find_experiment(name)
        if found is None:
            body = {"name": name, "tags": [{"key": KIND_TAG, "value": TRAINING_KIND}]}
            try:
                return str(self._send("POST", f"{API}/experiments/create", json=body)["experiment_id"])
            except MlflowError as error:
                # Another export may have created it since.
                if error.code != EXISTS or (found := self._find_experiment(name)) is None:
                    raise
        if found.get("lifecycle_stage") == "deleted":
            raise MlflowError(
                f"MLflow's experiment '{name}' is deleted. Restore it with `mlflow experiments restore -x "
                f"{found['experiment_id']}`, or name another with --to-experiment."
            )
        return str(found["experiment_id"])

    def find_run(self, experiment_id: str, run_id: str) -> dict[str, Any] | None:
        """Return the active run that a run was exported to before, if any."""
        query = {
            "experiment_ids": [experiment_id],
            "filter": f"tags.`{RUN_TAG}` = '{run_id}'",
            "max_results": 1,
        }
        found = self._send("POST", f"{API}/runs/search", json=query).get("runs") or [None]
        return dict(found[0]) if found[0] else None

    def create_run(self, experiment_id: str, name: str, start_time: int, tags: Mapping[str, str]) -> dict[str, Any]:
        """Create a run."""
        body = {
            "experiment_id": experiment_id,
            "run_name": name,
            "start_time": start_time,
            "tags": _pairs(list(tags.items())[:MAX_TAGS]),
        }
        # A second try could make a second run.
        return dict(self._send("POST", f"{API}/runs/create", json=body, is_repeatable=False)["run"])

    def update_run(self, run_id: str, status: str, end_time: int | None) -> None:
        """Set the state of a run, and its end."""
        body = {"run_id": run_id, "status": status} | ({} if end_time is None else {"end_time": end_time})
        self._send("POST", f"{API}/runs/update", json=body)

    def delete_run(self, run_id: str) -> None:
        """Move a run to MLflow's trash."""
        self._send("POST", f"{API}/runs/delete", json={"run_id": run_id})

    def log_metrics(self, run_id: str, metrics: Sequence[Mapping[str, Any]]) -> None:
        """Add at most MAX_METRICS points."""
        self._send("POST", f"{API}/runs/log-batch", json={"run_id": run_id, "metrics": list(metrics)})

    def log_params(self, run_id: str, params: Mapping[str, str]) -> None:
        """Set parameters, which can be set once."""
        pairs = _pairs(params.items())
        for first in range(0, len(pairs), MAX_PARAMS):
            body = {"run_id": run_id, "params": pairs[first : first + MAX_PARAMS]}
            self._send("POST", f"{API}/runs/log-batch", json=body)

    def set_tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set tags."""
        pairs = _pairs(tags.items())
        for first in range(0, len(pairs), MAX_TAGS):
            self._send(
                "POST", f"{API}/runs/log-batch", json={"run_id": run_id, "tags": pairs[first : first + MAX_TAGS]}
            )

    def list_artifacts(self, run_id: str) -> dict[str, int]:
        """Return the size in bytes of each file at the top of a run's artifacts."""
        found = self._send("GET", f"{API}/artifacts/list", params={"run_id": run_id}).get("files") or []
        return {entry["path"]: int(entry.get("file_size") or 0) for entry in found if not entry.get("is_dir")}

    def upload_artifact(self, artifact_uri: str, name: str, path: Path) -> None:
        """Send a file to the server, which keeps it where it keeps the artifacts of the run."""
        folder = artifact_uri.removeprefix(PROXIED).lstrip("/")
        address = f"{ARTIFACTS}/{quote(f'{folder}/{name}')}"
        headers = {"Content-Length": str(path.stat().st_size), "Content-Type": "application/octet-stream"}
        self._send("PUT", address, file=path, headers=headers)

    def _find_experiment(self, name: str) -> dict[str, Any] | None:
        try:
            found = self._send("GET", f"{API}/experiments/get-by-name", params={"experiment_name": name})
        except MlflowError as error:
            if error.code == MISSING:
                return None
            raise
        return dict(found["experiment"])

    def _send(
        self, method: str, path: str, *, is_repeatable: bool = True, file: Path | None = None, **options: Any
    ) -> dict[str, Any]:
        pauses = iter(PAUSES if is_repeatable else ())
        while True:
            try:
                if file is None:
                    response = self._http.request(method, path, **options)
                else:
                    with file.open("rb") as content:
                        response = self._http.request(method, path, content=content, **options)
            except httpx.RequestError as error:
                failure = MlflowError(f"No MLflow server answers at {self.uri} ({_reason(error)}).")
            else:
                if response.is_success:
                    return self._read(response)
                failure = self._read_failure(response)
                if response.status_code not in BUSY_STATUSES:
                    raise failure
            pause = next(pauses, None)
            if pause is None:
                raise failure
            time.sleep(pause)

    def _read(self, response: httpx.Response) -> dict[str, Any]:
        try:
            body = response.json() if response.content else {}
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise MlflowError(f"{self.uri} does not answer as MLflow does: a JSON object was expected.")
        return body

    def _read_failure(self, response: httpx.Response) -> MlflowError:
        status = response.status_code
        try:
            body = response.json()
        except ValueError:
            body = None
        given = body if isinstance(body, dict) else {}
        code, message = str(given.get("error_code") or ""), given.get("message")
        if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            detail = (
                f"MLflow at {self.uri} answered {status}. Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, "
                "or MLFLOW_TRACKING_TOKEN, to credentials that may write there."
            )
        elif message:
            detail = f"MLflow at {self.uri} rejected {response.request.url.path}: {message}"
        else:
            detail = f"{self.uri} answered {status} to {response.request.url.path}. Check that it is an MLflow server."
        return MlflowError(detail, status=status, code=code)


def _pairs(items: Any) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in items]


def _reason(error: httpx.RequestError) -> str:
    return str(error).rstrip(".") or type(error).__name__
