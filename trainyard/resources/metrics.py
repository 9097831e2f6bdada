"""Metrics of a run: in numbers, and as curves."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlencode

from trainyard import documents
from trainyard.operation import Operation


@dataclass(frozen=True, slots=True)
class MetricSummary:
    """One curve in numbers; a `step` is the training step at which the value was measured.

    Attributes:
        best: The least or greatest value, by the direction of the metric; None where no direction is known.
    """

    key: str
    count: int
    first: float
    last: float
    last_step: int | None
    min: float
    min_step: int | None
    max: float
    max_step: int | None
    best: float | None = None
    best_step: int | None = None

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
            best=read_optional(body.get("best")),
            best_step=body.get("best_step"),
        )


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of one metric, in columns of equal length.

    Attributes:
        key: The metric.
        x: Training steps, epochs or seconds, as asked for.
        y: Values; NaN where the value is not a number.
        y_min: Least value near each point when the curve was thinned, else empty.
        y_max: Greatest value near each point when the curve was thinned, else empty.
        total: Points stored, of which these are all or a selection.
        is_downsampled: True if these are a selection.
        smoothed: Smoothed values, else empty.
    """

    key: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    y_min: tuple[float, ...]
    y_max: tuple[float, ...]
    total: int
    is_downsampled: bool
    smoothed: tuple[float, ...] = ()

    @classmethod
    def from_json(cls, body: documents.Curve) -> Self:
        """Read one of the `series` of `/metrics/history`."""
        x, y = read_places(body["x"]), read_numbers(body["y"])
        return cls(
            key=str(body["key"]),
            x=x,
            y=y,
            y_min=read_numbers(body.get("y_min") or ()),
            y_max=read_numbers(body.get("y_max") or ()),
            total=int(body.get("total") or len(x)),
            is_downsampled=bool(body.get("downsampled")),
            smoothed=read_numbers(body.get("smoothed") or ()),
        )

    def columns(self) -> dict[str, tuple[float, ...]]:
        """Return the columns that are not empty, by name: `pandas.DataFrame(curve.columns())`."""
        columns = {"x": self.x, "y": self.y, "y_min": self.y_min, "y_max": self.y_max, "smoothed": self.smoothed}
        return {name: column for name, column in columns.items() if column or name in {"x", "y"}}


def list_metrics(run_path: str) -> Operation[list[MetricSummary]]:
    """Fetch every metric of a run in numbers."""
    return Operation("GET", f"{run_path}/metrics", lambda answer: answer.read_list(MetricSummary))


def get_history(
    run_path: str,
    keys: Iterable[str],
    *,
    x: str,
    max_points: int,
    mode: str,
    smoothing: float,
    x_min: float | None,
    x_max: float | None,
) -> Operation[list[Curve]]:
    """Fetch the curves of these metrics, or of all."""
    optional = {"smoothing": smoothing or None, "x_min": x_min, "x_max": x_max, "keys": ",".join(keys) or None}
    parameters = [("x", x), ("max_points", str(max_points)), ("mode", mode)]
    parameters += [(name, str(value)) for name, value in optional.items() if value is not None]
    path = f"{run_path}/metrics/history"
    return Operation("GET", path, lambda answer: answer.read_list(Curve, "series"), parameters=parameters)


def export_path(run_path: str, keys: Iterable[str], format_: str) -> str:
    """Return the path and query of the export of these metrics, or of all."""
    named = [("keys", joined)] if (joined := ",".join(keys)) else []
    return f"{run_path}/metrics/export?{urlencode([('format', format_), *named])}"


def read_number(value: Any) -> float:
    """Return a number; `"NaN"`, `"Infinity"` and `"-Infinity"` stand for those that JSON lacks.

    Services of earlier versions sent null for all three, which is read as NaN.
    """
    return math.nan if value is None else float(value)


def read_optional(value: Any) -> float | None:
    """Return a number, or None for null."""
    return None if value is None else read_number(value)


def read_places(values: Any) -> tuple[float, ...]:
    """Return places on an x axis; whole ones stay integers, which hold more digits than floats."""
    return tuple(value if isinstance(value, int) else float(value) for value in values)


def read_numbers(values: Any) -> tuple[float, ...]:
    """Return numbers; see `read_number`."""
    return tuple(read_number(value) for value in values)
