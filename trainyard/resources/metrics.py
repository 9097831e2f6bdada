"""Metrics of a run: in numbers, and as curves."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from trainyard import documents
from trainyard.operation import Operation


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
    def from_json(cls, body: documents.MetricSummary) -> Self:
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
        is_downsampled: True if these are a selection.
    """

    key: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    y_min: tuple[float, ...]
    y_max: tuple[float, ...]
    total: int
    is_downsampled: bool

    @classmethod
    def from_json(cls, body: documents.Curve) -> Self:
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


def list_metrics(run_path: str) -> Operation[list[MetricSummary]]:
    """Fetch every metric of a run in numbers."""
    return Operation("GET", f"{run_path}/metrics", lambda answer: answer.read_list(MetricSummary))


def get_history(run_path: str, keys: Iterable[str], *, max_points: int, mode: str) -> Operation[list[Curve]]:
    """Fetch the curves of these metrics, or of all."""
    parameters = [("max_points", str(max_points)), ("mode", mode)]
    if joined := ",".join(keys):
        parameters.append(("keys", joined))
    path = f"{run_path}/metrics/history"
    return Operation("GET", path, lambda answer: answer.read_list(Curve, "series"), parameters=parameters)


def export_path(run_path: str) -> str:
    """Return the address of every point of a run, as JSON lines."""
    return f"{run_path}/metrics/export?format=jsonl"


def read_number(value: Any) -> float:
    """Return a number, or NaN for null: strict JSON has no way to write a loss that is not a number."""
    return math.nan if value is None else float(value)


def _read_numbers(values: Any) -> tuple[float, ...]:
    return tuple(read_number(value) for value in values)
