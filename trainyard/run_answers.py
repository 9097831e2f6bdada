"""A run as the service tells it: its state, progress, metrics and curves."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

ENDED_STATES = frozenset({"succeeded", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come.

    Attributes:
        phase: `start`, `compile`, `train` or `export`.
        epoch: Epochs finished.
        num_epochs: Epochs asked for.
        step: Training steps finished.
        num_steps: Training steps asked for.
        fraction: Share of the steps finished, 0 to 1.
        eta_seconds: Estimated time to the end of training, None while there is nothing to estimate it from.
    """

    phase: str
    epoch: int
    num_epochs: int
    step: int
    num_steps: int
    fraction: float
    eta_seconds: float | None

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """Read the `progress` of a run."""
        step, num_steps = int(body.get("step") or 0), int(body.get("num_steps") or 0)
        fraction, eta_seconds = body.get("fraction"), body.get("eta_seconds")
        return cls(
            phase=str(body.get("phase") or ""),
            epoch=int(body.get("epoch") or 0),
            num_epochs=int(body.get("num_epochs") or 0),
            step=step,
            num_steps=num_steps,
            fraction=float(fraction) if fraction is not None else step / max(num_steps, 1),
            eta_seconds=None if eta_seconds is None else float(eta_seconds),
        )


@dataclass(frozen=True, slots=True)
class RunFailure:
    """Why a run failed: a stable code for programs and a sentence for people."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """What a succeeded run registered."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a spec.

    Attributes:
        id: UUID, version 7.
        state: `queued`, `running`, `succeeded`, `failed` or `cancelled`.
        model: Name that a succeeded run registers its model under.
        experiment: The group it belongs to.
        preset: The preset it came from, if it did.
        attempt: Number of the present or last attempt; 0 before the first.
        max_attempts: Attempts it has before lost workers fail it.
        is_cancel_requested: Whether it was asked to stop.
        progress: How far it has come, None before it started.
        latest_metrics: Last value of each metric by key; NaN where the value is not a number.
        phases: Seconds spent in each phase.
        device: What it trains on.
        error: Why it failed, if it did.
        model_version: What it registered, once it succeeded.
        created_at: When it was submitted.
        started_at: When its last attempt began.
        ended_at: When it ended.
        document: All of the answer, as it came.
    """

    id: str
    state: str
    model: str
    experiment: str
    preset: str | None
    attempt: int
    max_attempts: int
    is_cancel_requested: bool
    progress: Progress | None
    latest_metrics: Mapping[str, float]
    phases: Mapping[str, float]
    device: str | None
    error: RunFailure | None
    model_version: ModelVersion | None
    created_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    document: Mapping[str, Any]

    @property
    def has_ended(self) -> bool:
        """Whether its state can no longer change."""
        return self.state in ENDED_STATES

    @property
    def has_succeeded(self) -> bool:
        """Whether it left a model."""
        return self.state == "succeeded"

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """Read a Run or a RunSummary."""
        error, version, progress = body.get("error"), body.get("model_version"), body.get("progress")
        return cls(
            id=str(body["id"]),
            state=str(body["state"]),
            model=str(body.get("model") or ""),
            experiment=str(body.get("experiment") or ""),
            preset=body.get("preset"),
            attempt=int(body.get("attempt") or 0),
            max_attempts=int(body.get("max_attempts") or 0),
            is_cancel_requested=bool(body.get("cancel_requested")),
            progress=Progress.from_json(progress) if progress else None,
            latest_metrics={key: read_number(value) for key, value in (body.get("latest_metrics") or {}).items()},
            phases={key: float(value) for key, value in (body.get("phases") or {}).items()},
            device=body.get("device"),
            error=RunFailure(str(error.get("code", "")), str(error.get("detail", ""))) if error else None,
            model_version=ModelVersion(str(version["name"]), str(version["version"])) if version else None,
            created_at=_read_time(body.get("created_at")),
            started_at=_read_time(body.get("started_at")),
            ended_at=_read_time(body.get("ended_at")),
            document=body,
        )


@dataclass(frozen=True, slots=True)
class MetricSummary:
    """One curve in numbers; a `step` is the training step at which the value was measured."""

    key: str
    count: int
    first: float
    last: float
    last_step: int | None
    min: float
    min_step: int | None
    max: float
    max_step: int | None

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """Read an item of `/metrics`."""
        return cls(
            key=str(body["key"]),
            count=int(body.get("count") or 0),
            first=read_number(body.get("first")),
            last=read_number(body.get("last")),
            last_step=body.get("last_step"),
            min=read_number(body.get("min")),
            min_step=body.get("min_step"),
            max=read_number(body.get("max")),
            max_step=body.get("max_step"),
        )


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of one metric, in columns of equal length.

    Attributes:
        key: The metric.
        x: Training steps.
        y: Values; NaN where the value is not a number.
        y_min: Least value near each point when the curve was thinned, else empty.
        y_max: Greatest value near each point when the curve was thinned, else empty.
        total: Points stored, of which these are all or a selection.
        is_downsampled: Whether these are a selection.
    """

    key: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    y_min: tuple[float, ...]
    y_max: tuple[float, ...]
    total: int
    is_downsampled: bool

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """Read one of the `series` of `/metrics/history`."""
        x, y = _read_numbers(body["x"]), _read_numbers(body["y"])
        return cls(
            key=str(body["key"]),
            x=x,
            y=y,
            y_min=_read_numbers(body.get("y_min") or ()),
            y_max=_read_numbers(body.get("y_max") or ()),
            total=int(body.get("total") or len(x)),
            is_downsampled=bool(body.get("downsampled")),
        )


def read_number(value: Any) -> float:
    """A number, or NaN for null: strict JSON has no way to write a loss that is not a number."""
    return math.nan if value is None else float(value)


def _read_numbers(values: Any) -> tuple[float, ...]:
    return tuple(read_number(value) for value in values)


def _read_time(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)
