"""Curves of several runs, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from trainyard import documents
from trainyard.operation import Answer, Operation
from trainyard.resources.metrics import read_numbers, read_optional, read_places

Column = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class ComparedCurve:
    """Curve of a run.

    Attributes:
        run_id: The run.
        x: Places of its points; the grid of its metric if the curves were aligned.
        y: Values; of aligned curves None before the first point and after the last.
        total: Points stored.
        y_min: Least value near each point when the curve was thinned and not aligned, else empty.
        y_max: Greatest value, likewise.
        smoothed: Smoothed values of a curve that was not aligned, else empty.
    """

    run_id: str
    x: tuple[float, ...]
    y: Column
    total: int
    y_min: tuple[float, ...]
    y_max: tuple[float, ...]
    smoothed: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SeedAverage:
    """Average of the curves of runs that differ in the seed alone.

    Attributes:
        group: Hash of the spec without its seed.
        run_ids: The runs.
        seeds: The seed of each.
        n: Number of curves with a value at each place of the grid.
        mean: Their mean; None without a value.
        stddev: Their sample standard deviation; None of fewer than two.
        low: Lower end of the interval of confidence for the mean; None of fewer than two.
        high: Upper end.
    """

    group: str
    run_ids: tuple[str, ...]
    seeds: tuple[int, ...]
    n: tuple[int, ...]
    mean: Column
    stddev: Column
    low: Column
    high: Column

    @classmethod
    def from_json(cls, body: documents.SeedAverage) -> Self:
        """Read one of the `averages` of a metric."""
        return cls(
            group=str(body["group"]),
            run_ids=tuple(body["run_ids"]),
            seeds=tuple(body["seeds"]),
            n=tuple(body["n"]),
            mean=_read_column(body["mean"]),
            stddev=_read_column(body["stddev"]),
            low=_read_column(body["low"]),
            high=_read_column(body["high"]),
        )


@dataclass(frozen=True, slots=True)
class MetricCurves:
    """Curves of a metric.

    Attributes:
        key: The metric.
        x: The grid that the curves were aligned on; empty if they were not.
        curves: In the order of the runs; empty if averaged.
        averages: One for each group of runs; empty unless averaged.
    """

    key: str
    x: tuple[float, ...]
    curves: tuple[ComparedCurve, ...]
    averages: tuple[SeedAverage, ...]

    @classmethod
    def from_json(cls, body: documents.MetricCurves) -> Self:
        """Read one of the `metrics` of a comparison."""
        grid = read_places(body["x"] or ())
        return cls(
            key=str(body["key"]),
            x=grid,
            curves=tuple(_read_curve(curve, grid) for curve in body["curves"]),
            averages=tuple(map(SeedAverage.from_json, body["averages"])),
        )

    def columns(self) -> dict[str, Sequence[float | None]]:
        """Return the grid as `x`, and a column for each run by id: `pandas.DataFrame(metric.columns())`.

        Of averages there are the columns `mean`, `stddev`, `low`, `high` and `n` of each group, behind its hash.
        """
        columns: dict[str, Sequence[float | None]] = {"x": self.x}
        columns |= {curve.run_id: curve.y for curve in self.curves}
        for average in self.averages:
            for name in ("mean", "stddev", "low", "high", "n"):
                columns[f"{average.group[:8]} {name}"] = getattr(average, name)
        return columns


@dataclass(frozen=True, slots=True)
class ComparisonGap:
    """What a comparison lacks.

    Attributes:
        run_id: The run.
        key: Metric or pattern; None if the whole run is missing.
        code: `unknown_run`, `no_points` or `epochs_unknown`.
        detail: The same in words.
    """

    run_id: str
    key: str | None
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class CurveComparison:
    """Curves of several runs.

    Attributes:
        metrics: The curves, by metric.
        missing: What could not be compared.
        document: All of the answer, as it came.
    """

    metrics: tuple[MetricCurves, ...]
    missing: tuple[ComparisonGap, ...]
    document: documents.CurveComparison

    @classmethod
    def from_json(cls, body: documents.CurveComparison) -> Self:
        """Read a comparison."""
        return cls(
            metrics=tuple(map(MetricCurves.from_json, body["metrics"])),
            missing=tuple(
                ComparisonGap(gap["run_id"], gap["key"], gap["code"], gap["detail"]) for gap in body["missing"]
            ),
            document=body,
        )


def compare(body: dict[str, Any]) -> Operation[CurveComparison]:
    """Compare curves; None of the body's fields is left to the service."""
    given = {name: value for name, value in body.items() if value is not None}

    def read(answer: Answer) -> CurveComparison:
        return answer.read_one(CurveComparison)

    return Operation("POST", "/v1/metrics:compare", read, body=given)


def _read_curve(body: documents.ComparedCurve, grid: tuple[float, ...]) -> ComparedCurve:
    own = body["x"]
    return ComparedCurve(
        run_id=str(body["run_id"]),
        x=grid if own is None else read_places(own),
        y=_read_column(body["y"]),
        total=int(body["total"]),
        y_min=read_numbers(body["y_min"] or ()),
        y_max=read_numbers(body["y_max"] or ()),
        smoothed=read_numbers(body["smoothed"] or ()),
    )


def _read_column(values: Sequence[Any]) -> Column:
    return tuple(map(read_optional, values))
