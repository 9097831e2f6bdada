"""Counters of predictions by model."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

MAX_NAMED_MODELS = 100
"""Predictions of more models than this are counted together: users choose the names, and each is a series."""

OTHER_MODELS = "(other)"
"""Label for the other models; not a valid name of a model."""


class PredictionCounts(Collector):
    """Predictions of one process. Only the event loop's thread adds to it; any thread may read."""

    def __init__(self) -> None:
        self._by_model: dict[str, list[int]] = {}
        self._shadows: dict[tuple[str, str, str, str], int] = {}

    def add(self, model_name: str, num_rows: int) -> None:
        """Count a request and its rows."""
        counts = self._by_model.get(model_name)
        if counts is None:
            counts = self._by_model.setdefault(self._label(model_name), [0, 0])
        counts[0] += 1
        counts[1] += num_rows

    def add_shadow(self, model_name: str, version: int, shadow: int, result: str, num_rows: int) -> None:
        """Count rows that were compared with those of a shadow version."""
        key = (model_name, str(version), str(shadow), result)
        if key not in self._shadows and len(self._shadows) >= MAX_NAMED_MODELS:
            key = (OTHER_MODELS, "", "", result)
        self._shadows[key] = self._shadows.get(key, 0) + num_rows

    def collect(self) -> Iterator[Metric]:
        """Yield the metric families."""
        requests = CounterMetricFamily(
            "trainyard_predictions_total", "Successful prediction requests.", labels=("model",)
        )
        rows = CounterMetricFamily("trainyard_prediction_rows_total", "Predicted rows.", labels=("model",))
        # Copied first, because the event loop may add a model meanwhile.
        for model_name, counts in list(self._by_model.items()):
            requests.add_metric((model_name,), counts[0])
            rows.add_metric((model_name,), counts[1])
        yield requests
        yield rows
        shadows = CounterMetricFamily(
            "trainyard_shadow_rows_total",
            "Rows that a shadow version received too, by the comparison of its answers.",
            labels=("model", "version", "shadow", "result"),
        )
        for key, num_rows in list(self._shadows.items()):
            shadows.add_metric(key, num_rows)
        yield shadows

    def _label(self, model_name: str) -> str:
        is_full = len(self._by_model) >= MAX_NAMED_MODELS and model_name not in self._by_model
        return OTHER_MODELS if is_full else model_name
