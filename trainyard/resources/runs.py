"""Runs: submit, look, list, pause, cancel, delete, read the log."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, cast
from uuid import uuid4

from trainyard import documents
from trainyard.errors import Problem, read_problems
from trainyard.notices import Notice, read_notices
from trainyard.operation import Answer, Operation, Page, encode, ignore
from trainyard.resources.metrics import read_number
from trainyard.resources.specs import PresetOrSpec, spec_body

PATH = "/v1/runs"

ENDED_STATES = frozenset({"succeeded", "failed", "cancelled"})
UNKNOWN_STATE = "unknown"
"""Of a run that was not looked at yet."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of a run.

    Attributes:
        phase: `start`, `compile`, `train`, `validate` or `export`.
        epoch: Epochs finished.
        num_epochs: Epochs asked for; 0 until training begins.
        step: Training steps finished.
        num_steps: Training steps asked for.
        first_step: Steps of earlier attempts, up to the checkpoint that this one goes on from.
        fraction: Share of the steps finished, 0 to 1.
        eta_seconds: Estimated time to the end of training, None while there is nothing to estimate it from.
    """

    phase: str
    epoch: int
    num_epochs: int
    step: int
    num_steps: int
    first_step: int
    fraction: float
    eta_seconds: float | None

    @classmethod
    def from_json(cls, body: documents.RunProgress) -> Self:
        """Read the `progress` of a run."""
        step, num_steps = int(body.get("step") or 0), int(body.get("num_steps") or 0)
        fraction, eta_seconds = body.get("fraction"), body.get("eta_seconds")
        return cls(
            phase=str(body.get("phase") or ""),
            epoch=int(body.get("epoch") or 0),
            num_epochs=int(body.get("num_epochs") or 0),
            step=step,
            num_steps=num_steps,
            first_step=int(body.get("first_step") or 0),
            fraction=float(fraction) if fraction is not None else step / max(num_steps, 1),
            eta_seconds=None if eta_seconds is None else float(eta_seconds),
        )


@dataclass(frozen=True, slots=True)
class WaitingFor:
    """Need of a queued run: a `trainer`, a `worker`, a `repair` or a `quota`, and a sentence for people."""

    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class RunError:
    """Why a run failed: a stable code for programs, a sentence for people, and what exactly is wrong with its spec."""

    code: str
    detail: str
    problems: tuple[Problem, ...] = ()

    @classmethod
    def from_json(cls, body: documents.RunError) -> Self:
        """Read the `error` of a run."""
        return cls(str(body.get("code", "")), str(body.get("detail", "")), read_problems(body.get("problems")))


@dataclass(frozen=True, slots=True)
class Attempt:
    """Attempt at a run.

    Attributes:
        number: 1 for the first.
        outcome: `succeeded`, `failed`, `cancelled`, `released`, `paused`, `preempted`, `crashed`, `lease_expired` or
            `stalled`; None while it goes on.
        detail: Reason for the outcome.
        resumed_at_step: Step of the checkpoint that it went on from; None if it began from the start.
    """

    number: int
    outcome: str | None
    detail: str | None
    resumed_at_step: int | None

    @classmethod
    def from_json(cls, body: documents.Attempt) -> Self:
        """Read one of the `attempts` of a run."""
        return cls(int(body["number"]), body.get("outcome"), body.get("detail"), body.get("resumed_at_step"))


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """Version of a model that a succeeded run registered."""

    name: str
    version: int


@dataclass(frozen=True, slots=True)
class RunSnapshot:
    """One execution of a spec, as the service last described it.

    Attributes:
        id: UUID, version 7.
        state: `queued`, `running`, `paused`, `succeeded`, `failed` or `cancelled`; `unknown` before the first look.
        waiting_for: Cause that it waits for while it is queued.
        model: Name that a succeeded run registers its model under.
        experiment: The group it belongs to.
        preset: The preset it came from, if it did.
        attempt: Number of the present or last attempt; 0 before the first.
        max_attempts: Attempts that may be lost before it fails; those that came further than all before do not count.
        attempts: Its attempts, first to last; empty in lists.
        is_cancel_requested: True if it was asked to stop.
        interruption: Reason why it stops to go on later: `pause`, or `preemption` by a run of a higher priority.
        progress: None before it started.
        latest_metrics: Last value of each metric by key; NaN where the value is not a number.
        phases: Seconds spent in each phase.
        device: Device that it trains on.
        error: Why it failed, if it did; of a queued run why its last attempt did.
        warnings: Probable mistakes; empty in lists, which have their number alone.
        num_warnings: Number of warnings.
        model_version: Version that it registered, once it succeeded.
        created_at: When it was submitted.
        started_at: When its last attempt began.
        ended_at: When it ended.
        document: All of the answer, as it came; a list leaves out the fields that a `RunSummary` does not have, such as
            `spec`.
    """

    id: str
    state: str
    waiting_for: WaitingFor | None
    model: str
    experiment: str
    preset: str | None
    attempt: int
    max_attempts: int
    attempts: tuple[Attempt, ...]
    is_cancel_requested: bool
    interruption: str | None
    progress: Progress | None
    latest_metrics: Mapping[str, float]
    phases: Mapping[str, float]
    device: str | None
    error: RunError | None
    warnings: tuple[Notice, ...]
    num_warnings: int
    model_version: ModelVersion | None
    created_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    document: documents.Run

    @property
    def has_ended(self) -> bool:
        """True if its state can no longer change."""
        return self.state in ENDED_STATES

    @property
    def has_succeeded(self) -> bool:
        """True if it left a model."""
        return self.state == "succeeded"

    @classmethod
    def of_unknown(cls, run_id: str) -> Self:
        """Return a snapshot of a run of which nothing but the id is known."""
        return cls.from_json(cast("documents.Run", {"id": run_id, "state": UNKNOWN_STATE}))

    @classmethod
    def from_json(cls, body: documents.Run) -> Self:
        """Read a Run or a RunSummary."""
        error, version, progress = body.get("error"), body.get("model_version"), body.get("progress")
        warnings = read_notices(body.get("warnings"))
        wait = body.get("waiting_for")
        return cls(
            id=str(body["id"]),
            state=str(body["state"]),
            waiting_for=WaitingFor(str(wait.get("kind", "")), str(wait.get("detail", ""))) if wait else None,
            model=str(body.get("model") or ""),
            experiment=str(body.get("experiment") or ""),
            preset=body.get("preset"),
            attempt=int(body.get("attempt") or 0),
            max_attempts=int(body.get("max_attempts") or 0),
            attempts=tuple(Attempt.from_json(attempt) for attempt in body.get("attempts") or ()),
            is_cancel_requested=bool(body.get("cancel_requested")),
            interruption=body.get("interruption"),
            progress=Progress.from_json(progress) if progress else None,
            latest_metrics={key: read_number(value) for key, value in (body.get("latest_metrics") or {}).items()},
            phases={key: float(value) for key, value in (body.get("phases") or {}).items()},
            device=body.get("device"),
            error=RunError.from_json(error) if error else None,
            warnings=warnings,
            num_warnings=int(body.get("num_warnings") or len(warnings)),
            model_version=ModelVersion(str(version["name"]), int(version["version"])) if version else None,
            created_at=_read_time(body.get("created_at")),
            started_at=_read_time(body.get("started_at")),
            ended_at=_read_time(body.get("ended_at")),
            document=body,
        )


def submit(
    preset_or_spec: PresetOrSpec,
    *,
    variant: str | None,
    overrides: Mapping[str, Any] | None,
    experiment: str | None,
    tags: Mapping[str, str] | None,
    notes: str | None,
    priority: int | None,
    idempotency_key: str | None,
) -> Operation[RunSnapshot]:
    """Queue a run; see `Client.submit`."""
    body = spec_body(preset_or_spec, variant=variant, overrides=overrides)
    body |= labels(experiment=experiment, tags=tags, notes=notes, priority=priority)
    return Operation("POST", PATH, read_run, body=body, headers=once(idempotency_key))


def submit_batch(requests: Iterable[Mapping[str, Any]], idempotency_key: str | None) -> Operation[list[str]]:
    """Queue many runs; see `Client.submit_batch`."""
    body = {"runs": [dict(request) for request in requests]}
    return Operation("POST", f"{PATH}:batch", _read_ids, body=body, headers=once(idempotency_key))


def labels(
    *, experiment: str | None, tags: Mapping[str, str] | None, notes: str | None, priority: int | None
) -> dict[str, Any]:
    """Return the fields of a request that are given."""
    fields = {
        "experiment": experiment,
        "tags": None if tags is None else dict(tags),
        "notes": notes,
        "priority": priority,
    }
    return {name: value for name, value in fields.items() if value is not None}


def once(idempotency_key: str | None) -> dict[str, str]:
    """Return the header by which a request that has to be sent again queues nothing a second time."""
    return {"Idempotency-Key": idempotency_key or str(uuid4())}


def _read_ids(answer: Answer) -> list[str]:
    return [str(run_id) for run_id in answer.read_member(answer.read_object(), "ids")]


def get(run_id: str) -> Operation[RunSnapshot]:
    """Fetch one run in full."""
    return Operation("GET", run_path(run_id), read_run)


@dataclass(frozen=True, slots=True)
class Search:
    """The runs that are asked for; see `Client.list_runs`."""

    states: Sequence[str] = ()
    experiment: str | None = None
    model: str | None = None
    filter: str | None = None
    find: str | None = None
    sort: str | None = None

    def parameters(self, page_size: int, cursor: str | None) -> list[tuple[str, str]]:
        """Return the parameters of the query for a page."""
        choices = {
            "experiment": self.experiment,
            "model": self.model,
            "filter": self.filter,
            "find": self.find,
            "sort": self.sort,
            "limit": str(page_size),
            "cursor": cursor,
        }
        states = [("state", state) for state in self.states]
        return states + [(name, value) for name, value in choices.items() if value is not None]


@dataclass(frozen=True, slots=True)
class SelectedRun:
    """Some fields of a run, nested as in a whole one."""

    fields: dict[str, Any]

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Self:
        """Read an item of a list."""
        return cls(dict(body))


def list_page(search: Search, *, page_size: int, cursor: str | None) -> Operation[Page[RunSnapshot]]:
    """Fetch a page of the runs that fit."""
    parameters = search.parameters(page_size, cursor)
    return Operation("GET", PATH, lambda answer: answer.read_page(RunSnapshot), parameters=parameters)


def select_page(
    search: Search, fields: Sequence[str], *, page_size: int, cursor: str | None
) -> Operation[Page[SelectedRun]]:
    """Fetch a page of some fields of the runs that fit."""
    parameters = [*search.parameters(page_size, cursor), ("fields", ",".join(fields))]
    return Operation("GET", PATH, lambda answer: answer.read_page(SelectedRun), parameters=parameters)


def update(
    run_id: str,
    *,
    tags: Mapping[str, str | None] | None,
    notes: str | None,
    experiment: str | None,
    priority: int | None,
    replace_notes: bool,
) -> Operation[RunSnapshot]:
    """Change a run by a merge patch (RFC 7396); None leaves a field as it is."""
    named = {
        "tags": None if tags is None else dict(tags),
        "notes": notes,
        "experiment": experiment,
        "priority": priority,
    }
    changes = {name: value for name, value in named.items() if value is not None}
    headers = {"If-Match": "*"} if replace_notes else {}
    return Operation("PATCH", run_path(run_id), read_run, body=changes, headers=headers)


def cancel(run_id: str) -> Operation[RunSnapshot]:
    """Ask a run to stop."""
    return Operation("POST", f"{run_path(run_id)}:cancel", read_run)


def pause(run_id: str) -> Operation[RunSnapshot]:
    """Ask a run to make a pause."""
    return Operation("POST", f"{run_path(run_id)}:pause", read_run)


def resume(run_id: str) -> Operation[RunSnapshot]:
    """Queue a paused run again."""
    return Operation("POST", f"{run_path(run_id)}:resume", read_run)


def delete(run_id: str, *, force: bool = False) -> Operation[None]:
    """Delete an ended run; with `force` its model version leaves its aliases."""
    return Operation("DELETE", run_path(run_id), ignore, parameters=[("force", "true")] if force else [])


def get_logs(run_id: str) -> Operation[str]:
    """Fetch what the trainer of a run wrote."""
    return Operation("GET", f"{run_path(run_id)}/logs", Answer.read_text)


def get_code(run_id: str) -> Operation[str]:
    """Fetch the Keras program that trains what a run trains."""
    return Operation("GET", f"{run_path(run_id)}/code", Answer.read_text)


def run_path(run_id: str) -> str:
    """Return the path of a run."""
    return f"{PATH}/{encode(run_id)}"


def read_run(answer: Answer) -> RunSnapshot:
    """Read the run that an answer is."""
    return answer.read_one(RunSnapshot)


def _read_time(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def artifact_path(run_id: str, name: str) -> str:
    """Return the path of a file of a run."""
    return f"{run_path(run_id)}/artifacts/{encode(name)}"


def events_path(run_id: str) -> str:
    """Return the path of a run's archive for TensorBoard."""
    return f"{run_path(run_id)}/tensorboard"
