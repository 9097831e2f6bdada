"""Measurements that this process makes of itself, in Prometheus' form. Each app has a registry of its own."""

import platform
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Histogram, Info, ProcessCollector
from prometheus_client import disable_created_metrics as leave_out_times_of_creation

from api.monitoring.requests import RequestCounts

# Prometheus knows by itself when a counter begins anew; a second series for each would say so once more.
leave_out_times_of_creation()  # type: ignore[no-untyped-call]

LOAD_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""In seconds."""

MAX_NAMED_MODELS = 100
"""Predictions of more models than this are counted together: whoever trains chooses names, and each is a series."""

OTHER_MODELS = "(other)"
"""No model can have this name."""


class Instruments:
    """The counters and histograms of one process; any thread may use them."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self.requests = RequestCounts()
        registry.register(self.requests)
        self._predictions = Counter(
            "trainyard_predictions_total", "Prediction requests that a model answered.", ("model",), registry=registry
        )
        self._prediction_rows = Counter(
            "trainyard_prediction_rows_total", "Rows that a model answered.", ("model",), registry=registry
        )
        self._load_seconds = Histogram(
            "trainyard_model_load_duration_seconds",
            "Time to check a model's files and load its network, where that succeeded.",
            buckets=LOAD_BUCKETS,
            registry=registry,
        )
        self._failed_loads = Counter(
            "trainyard_model_load_failures_total", "Models that could not be loaded.", registry=registry
        )
        build = Info("trainyard_build", "What runs; the value is always 1.", registry=registry)
        build.info({"version": version("trainyard"), "python": platform.python_version()})
        ProcessCollector(registry=registry)
        self._by_model: dict[str, tuple[Counter, Counter]] = {}
        self._lock = threading.Lock()

    def count_prediction(self, model_name: str, num_rows: int) -> None:
        """Note that a model answered so many rows."""
        counters = self._by_model.get(model_name) or self._name_model(model_name)
        counters[0].inc()
        counters[1].inc(num_rows)

    @contextmanager
    def loading(self) -> Iterator[None]:
        """Note how long a model took to load, or that it did not load."""
        began = time.perf_counter()
        with self._failed_loads.count_exceptions():
            yield
        self._load_seconds.observe(time.perf_counter() - began)

    def _name_model(self, model_name: str) -> tuple[Counter, Counter]:
        with self._lock:
            label = model_name if len(self._by_model) < MAX_NAMED_MODELS else OTHER_MODELS
            counters = self._predictions.labels(label), self._prediction_rows.labels(label)
            if label == model_name:
                self._by_model[model_name] = counters
            return counters
