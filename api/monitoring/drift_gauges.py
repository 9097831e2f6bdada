"""Drift of model versions for Prometheus."""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from core.observation.stability import Reading
from core.observation.summaries import ServedCounts
from serving.observation.comparison import ColumnDrift, Drift

MOST_VERSIONS = 25
"""Model versions with series of their own, the last ones to be served."""

MOST_INPUTS = 20
"""Columns of the input with series of their own, the first ones; all are counted in the number of shifted columns."""

COMPARED_SECONDS = 60.0
"""Interval of comparing a version that is served."""

SHOWN_SECONDS = 3600.0
"""Time after the last request for which the drift of a version is shown."""


@dataclass(slots=True)
class ShownVersion:
    """Measurements of a model version.

    Attributes:
        num_rows: Rows answered by this process.
        num_watched: Rows of them that were looked at.
        drift: Last comparison; None if there has been none.
        compared_at: Its time, of the monotonic clock; None before the first.
        served_at: Time of the last counts.
    """

    num_rows: int = 0
    num_watched: int = 0
    drift: Drift | None = None
    compared_at: float | None = None
    served_at: float = 0.0


class DriftGauges(Collector):
    """Rows and drift of the versions that this process has served last; for any thread."""

    window = timedelta(hours=24)
    """Time over which rows are compared."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shown: OrderedDict[tuple[str, int], ShownVersion] = OrderedDict()

    def count(self, model_name: str, version: int, counts: ServedCounts) -> None:
        """Count rows that were served."""
        with self._lock:
            shown = self._shown.setdefault((model_name, version), ShownVersion())
            shown.num_rows += counts.num_rows
            shown.num_watched += counts.num_watched
            shown.served_at = time.monotonic()
            self._shown.move_to_end((model_name, version))
            while len(self._shown) > MOST_VERSIONS:
                self._shown.popitem(last=False)

    def is_due(self, model_name: str, version: int) -> bool:
        """Return True if a version should be compared again."""
        with self._lock:
            shown = self._shown.get((model_name, version))
            if shown is None:
                return False
            return shown.compared_at is None or time.monotonic() - shown.compared_at >= COMPARED_SECONDS

    def show(self, model_name: str, version: int, drift: Drift) -> None:
        """Show a comparison."""
        with self._lock:
            shown = self._shown.get((model_name, version))
            if shown is not None:
                shown.drift, shown.compared_at = drift, time.monotonic()

    def collect(self) -> Iterator[Metric]:
        """Yield the metric families."""
        labels = ("model", "version")
        rows = CounterMetricFamily("trainyard_served_rows_total", "Rows answered by a model version.", labels=labels)
        watched = CounterMetricFamily(
            "trainyard_watched_rows_total", "Rows answered by a model version that were looked at.", labels=labels
        )
        psi = GaugeMetricFamily(
            "trainyard_drift_psi",
            "Population stability index of a column in the last 24 hours; from 0.25 on it has shifted.",
            labels=(*labels, "role", "column"),
        )
        num_shifted = GaugeMetricFamily(
            "trainyard_drift_shifted_columns", "Columns that have shifted in the last 24 hours.", labels=labels
        )
        oldest = time.monotonic() - SHOWN_SECONDS
        with self._lock:
            listed = [(name, str(version), shown) for (name, version), shown in self._shown.items()]
        for name, version, shown in listed:
            rows.add_metric((name, version), shown.num_rows)
            watched.add_metric((name, version), shown.num_watched)
            drift = shown.drift
            if drift is None or shown.served_at < oldest or drift.reason:
                continue
            for (role, column), value in _list_figures(drift):
                psi.add_metric((name, version, role, column), value)
            num_shifted.add_metric((name, version), _count_shifted((*drift.inputs, *drift.outputs)))
        yield from (rows, watched, psi, num_shifted)


def _list_figures(drift: Drift) -> Iterator[tuple[tuple[str, str], float]]:
    figures: dict[tuple[str, str], float] = {}
    for role, columns in (("input", drift.inputs[:MOST_INPUTS]), ("output", drift.outputs)):
        for column in columns:
            if column.stability is not None:
                # Of two columns of one name, a date's part and another column, only the first is shown.
                figures.setdefault((role, column.name), column.stability.psi)
    yield from figures.items()


def _count_shifted(columns: Sequence[ColumnDrift]) -> int:
    return sum(1 for part in columns if part.stability is not None and part.stability.reading is Reading.SHIFTED)
