"""`TrainyardClient`: submit runs, follow them and predict with what they trained."""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from trainyard.address import find_base_url
from trainyard.catalogue_answers import Predictions, Preset, SpecReport
from trainyard.credentials import find_key
from trainyard.dataset_methods import DatasetMethods
from trainyard.errors import InvalidArgument, NotFound, UnexpectedAnswer, WaitTimedOut
from trainyard.evaluation_answers import Evaluation
from trainyard.key_answers import KeyEntry, NewKey
from trainyard.pacing import poll_seconds
from trainyard.run_answers import Curve, MetricSummary, Run
from trainyard.transport import Transport, read_object

JsonObject = Mapping[str, Any]


class TrainyardClient(DatasetMethods):
    """A connection to one Trainyard service; safe to use from several threads.

        with TrainyardClient() as client:
            run = client.wait_for_run(client.submit_run(preset="binary-adder").id)
            sums = client.predict(run.model, [{"a": 45, "b": 77}])

    Every method raises `trainyard.errors.ClientError` and nothing else of its own.

    Args:
        base_url: Such as `http://127.0.0.1:8000`; by default from TRAINYARD_URL, or TRAINYARD_HOST and TRAINYARD_PORT.
        key: API key to send; by default from TRAINYARD_KEY. "" sends none.
        timeout_seconds: Longest wait for one answer.
        retry_limit_seconds: How long a request whose connection broke, or that was told to come back later, is
            sent again.
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        key: str | None = None,
        timeout_seconds: float = 60.0,
        retry_limit_seconds: float = 10.0,
    ) -> None:
        self.base_url = find_base_url(base_url)
        self._transport = Transport(
            self.base_url,
            timeout_seconds=timeout_seconds,
            retry_limit_seconds=retry_limit_seconds,
            key=find_key(key),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def submit_run(
        self,
        *,
        preset: str | None = None,
        variant: str | None = None,
        overrides: JsonObject | None = None,
        spec: JsonObject | None = None,
        experiment: str | None = None,
        tags: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> Run:
        """Queue a run of a preset or of one of its variants, changed by a JSON merge patch (RFC 7396), or of a spec.

        However often the request has to be sent, one run comes of it: it carries an Idempotency-Key, a fresh one
        unless one is given.

        Raises:
            InvalidRequest: If the spec can not be trained; `problems` says where.
            NotFound: If no preset has this name, or the preset no such variant.
        """
        body = _spec_body(preset=preset, variant=variant, overrides=overrides, spec=spec)
        if experiment is not None:
            body["experiment"] = experiment
        if tags:
            body["tags"] = dict(tags)
        key = idempotency_key or str(uuid.uuid4())
        answer = self._transport.send_for_object("POST", "/v1/runs", body=body, headers={"Idempotency-Key": key})
        return self._read(Run, answer)

    def get_run(self, run_id: str, *, patience_seconds: float | None = None) -> Run:
        """One run in full. `patience_seconds` is how long an unreachable service is asked again."""
        answer = self._transport.send_for_object("GET", _run_path(run_id), patience_seconds=patience_seconds)
        return self._read(Run, answer)

    def list_runs(
        self,
        *,
        states: Sequence[str] = (),
        experiment: str | None = None,
        model: str | None = None,
        page_size: int = 100,
    ) -> Iterator[Run]:
        """All runs that fit, newest first, fetched a page at a time as they are asked for."""
        parameters = [("state", state) for state in states]
        if experiment is not None:
            parameters.append(("experiment", experiment))
        if model is not None:
            parameters.append(("model", model))
        parameters.append(("limit", str(page_size)))
        cursor: str | None = ""
        while cursor is not None:
            turn = [("cursor", cursor)] if cursor else []
            page = self._transport.send_for_object("GET", "/v1/runs", parameters=[*parameters, *turn])
            yield from self._read_items(Run, page)
            cursor = page.get("next_cursor") or None

    def wait_for_run(
        self,
        run_id: str,
        *,
        timeout_seconds: float | None = None,
        unreachable_seconds: float = 60.0,
        on_look: Callable[[Run], None] | None = None,
    ) -> Run:
        """The run once it has ended, however it ended.

        Args:
            run_id: Its id.
            timeout_seconds: Longest time to wait; for ever by default.
            unreachable_seconds: How long a service that is away, such as one being restarted, is asked again.
            on_look: Called with the run each time it was looked at: every 0.05 s at first, every second later.

        Raises:
            WaitTimedOut: If it has not ended in time; it goes on.
            ServiceUnreachable: If the service was away for too long.
        """
        started = time.monotonic()
        while True:
            run = self.get_run(run_id, patience_seconds=unreachable_seconds)
            if on_look is not None:
                on_look(run)
            if run.has_ended:
                return run
            elapsed = time.monotonic() - started
            if timeout_seconds is not None and elapsed >= timeout_seconds:
                raise WaitTimedOut(f"Run {run_id} is still {run.state} after {timeout_seconds:g} s. It goes on.")
            time.sleep(poll_seconds(elapsed))

    def cancel_run(self, run_id: str) -> Run:
        """Ask a run to stop. A queued one is cancelled at once, a running one within seconds.

        Raises:
            Conflict: If it has ended in another way already.
        """
        return self._read(Run, self._transport.send_for_object("POST", f"{_run_path(run_id)}:cancel"))

    def delete_run(self, run_id: str) -> None:
        """Delete an ended run with its metrics, artifacts and model version.

        Raises:
            Conflict: If it has not ended.
        """
        self._transport.send("DELETE", _run_path(run_id))

    def metrics(self, run_id: str) -> list[MetricSummary]:
        """Every metric of a run in numbers."""
        return self._read_items(MetricSummary, self._transport.send_for_object("GET", f"{_run_path(run_id)}/metrics"))

    def history(
        self, run_id: str, keys: Iterable[str] = (), *, max_points: int = 500, mode: str = "minmax"
    ) -> list[Curve]:
        """The curves of these metrics, or of all, each thinned to at most `max_points`.

        `mode` is `minmax`, `lttb` (largest triangle three buckets, Steinarsson 2013) or `raw`.
        """
        parameters = [("max_points", str(max_points)), ("mode", mode)]
        if joined := ",".join(keys):
            parameters.append(("keys", joined))
        path = f"{_run_path(run_id)}/metrics/history"
        return self._read_items(
            Curve, self._transport.send_for_object("GET", path, parameters=parameters), name="series"
        )

    def evaluation(self, run_id: str) -> Evaluation:
        """How the network of a run that has succeeded answers samples that it has not learned from.

        Raises:
            NotFound: If the run has not succeeded, or not yet.
        """
        return self._read(Evaluation, self._transport.send_for_object("GET", f"{_run_path(run_id)}/evaluation"))

    def evaluation_picture(self, run_id: str, *, split: str | None = None) -> str:
        """The same as an SVG image, of `test` or `validation` samples."""
        parameters = [] if split is None else [("split", split)]
        return self._transport.send("GET", f"{_run_path(run_id)}/evaluation.svg", parameters=parameters).text

    def logs(self, run_id: str) -> str:
        """What the trainer of a run wrote."""
        return self._transport.send("GET", f"{_run_path(run_id)}/logs").text

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
            instances: Rows: arrays of numbers, or objects such as `{"a": 45, "b": 77}` for a binary adder.
            version: Number of the version.
            label: An alias that points at one.
            with_labels: Whether a classifier names its classes for rows of bare numbers too.
        """
        response = self._transport.send(
            "POST",
            f"{_model_path(model, version, label)}:predict",
            parameters=[("labels", "true")] if with_labels else [],
            body={"instances": list(instances)},
        )
        rows = read_object(response, self.base_url).get("predictions")
        if not isinstance(rows, list):
            raise UnexpectedAnswer(f"{self.base_url} answered without 'predictions'. Check the address.")
        return Predictions(model=model, version=response.headers.get("X-Model-Version"), rows=tuple(rows))

    def row_shape(
        self, model: str, *, version: int | None = None, label: str | None = None
    ) -> tuple[int | None, ...] | None:
        """Sizes of one row of a model's input, None for any; None if there is no telling."""
        try:
            answer = self._transport.send_for_object("GET", f"{_model_path(model, version, label)}/metadata")
            signatures = answer["metadata"]["signature_def"]["signature_def"]
            (tensor,) = signatures["serving_default"]["inputs"].values()
            sizes = [int(axis["size"]) for axis in tensor["tensor_shape"]["dim"]]
        except (NotFound, KeyError, TypeError, ValueError, AttributeError):
            return None
        return tuple(None if size < 0 else size for size in sizes[1:])

    def presets(self) -> list[Preset]:
        """The catalogue of specs that can be run as they stand."""
        return self._read_items(Preset, self._transport.send_for_object("GET", "/v1/presets"))

    def preset(self, name: str) -> Preset:
        """One preset.

        Raises:
            NotFound: If none has this name; the message names the nearest.
        """
        return self._read(Preset, self._transport.send_for_object("GET", f"/v1/presets/{quote(name, safe='')}"))

    def validate_spec(
        self,
        *,
        preset: str | None = None,
        variant: str | None = None,
        overrides: JsonObject | None = None,
        spec: JsonObject | None = None,
    ) -> SpecReport:
        """Check a spec, or a preset with overrides, and describe its network; nothing is queued.

        Raises:
            InvalidRequest: If it can not be trained; `problems` says where.
        """
        body = _spec_body(preset=preset, variant=variant, overrides=overrides, spec=spec)
        return self._read(SpecReport, self._transport.send_for_object("POST", "/v1/specs:validate", body=body))

    def create_key(self, name: str, scopes: Sequence[str], *, lifetime_seconds: int | None = None) -> NewKey:
        """Make an API key. Its secret is in this answer and nowhere else.

        Sent once: a second key would be made by a second request. After `ServiceUnreachable` look with `list_keys`.

        Args:
            name: Whom or what it is for; two live keys may have one name.
            scopes: Of `read`, `submit`, `predict`, `admin`, `metrics`.
            lifetime_seconds: How long it lives; until it is revoked by default.

        Raises:
            Conflict: If two live keys have the name already.
        """
        body: dict[str, Any] = {"name": name, "scopes": list(scopes)}
        if lifetime_seconds is not None:
            body["lifetime_seconds"] = lifetime_seconds
        return self._read(NewKey, self._transport.send_for_object("POST", "/v1/keys", body=body, patience_seconds=0.0))

    def list_keys(self) -> list[KeyEntry]:
        """Every API key there is or was."""
        return self._read_items(KeyEntry, self._transport.send_for_object("GET", "/v1/keys"))

    def revoke_key(self, prefix: str) -> None:
        """Close an API key for good. Where the whole key is given, only its public part is sent.

        Raises:
            Conflict: If it is the last admin key, or one that the service was started with.
        """
        public = prefix.removeprefix("ty_").partition("_")[0]
        self._transport.send("DELETE", f"/v1/keys/{quote(public, safe='')}")


def _spec_body(
    *, preset: str | None, variant: str | None, overrides: JsonObject | None, spec: JsonObject | None
) -> dict[str, Any]:
    if (preset is None) == (spec is None):
        raise InvalidArgument("Give either a preset's name or a whole spec.")
    if spec is not None:
        if overrides or variant is not None:
            raise InvalidArgument("Variants and overrides change a preset. Change the spec itself before sending it.")
        return {"spec": dict(spec)}
    body: dict[str, Any] = {"preset": preset}
    if variant is not None:
        body["variant"] = variant
    if overrides:
        body["overrides"] = dict(overrides)
    return body


def _run_path(run_id: str) -> str:
    return f"/v1/runs/{quote(run_id, safe='')}"


def _model_path(model: str, version: int | None, label: str | None) -> str:
    if version is not None and label is not None:
        raise InvalidArgument("Give either a version or a label of the model.")
    path = f"/v1/models/{quote(model, safe='')}"
    if version is not None:
        return f"{path}/versions/{version}"
    return path if label is None else f"{path}/labels/{quote(label, safe='')}"
