"""New runs of other runs: repeat, clone, train further."""

from collections.abc import Mapping
from typing import Any

from trainyard.operation import Operation
from trainyard.resources.runs import RunSnapshot, labels, once, read_run, run_path


def retry(run_id: str, idempotency_key: str | None) -> Operation[RunSnapshot]:
    """Queue the spec of an ended run again."""
    return Operation("POST", f"{run_path(run_id)}:retry", read_run, headers=once(idempotency_key))


def clone(
    run_id: str,
    *,
    overrides: Mapping[str, Any] | None,
    experiment: str | None,
    tags: Mapping[str, str] | None,
    notes: str | None,
    priority: int | None,
    idempotency_key: str | None,
) -> Operation[RunSnapshot]:
    """Queue a run of another run's spec with changes; see `Run.clone`."""
    body = labels(experiment=experiment, tags=tags, notes=notes, priority=priority)
    if overrides:
        body["overrides"] = dict(overrides)
    return Operation("POST", f"{run_path(run_id)}:clone", read_run, body=body, headers=once(idempotency_key))


def train_further(
    run_id: str,
    *,
    epochs: int | None,
    steps: int | None,
    experiment: str | None,
    tags: Mapping[str, str] | None,
    notes: str | None,
    priority: int | None,
    idempotency_key: str | None,
) -> Operation[RunSnapshot]:
    """Queue a run that goes on from the last checkpoint of an ended one; see `Run.train_further`."""
    lengths = {"epochs": epochs, "steps": steps}
    body = {name: length for name, length in lengths.items() if length is not None}
    body |= labels(experiment=experiment, tags=tags, notes=notes, priority=priority)
    return Operation("POST", f"{run_path(run_id)}:continue", read_run, body=body, headers=once(idempotency_key))
