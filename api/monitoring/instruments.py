"""Prometheus metrics of this process. Each app has its own registry."""

import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Histogram, Info, ProcessCollector
from prometheus_client import disable_created_metrics as leave_out_times_of_creation

from api.monitoring.drift_gauges import DriftGauges
from api.monitoring.predictions import PredictionCounts
from api.monitoring.requests import RequestCounts

# Prometheus detects restarted counters by itself; the extra series for each would be redundant.
leave_out_times_of_creation()  # type: ignore[no-untyped-call]

LOAD_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""In seconds."""


class Instruments:
    """Counters and histograms of one process, for all threads."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self.requests = RequestCounts()
        registry.register(self.requests)
        self.predictions = PredictionCounts()
        registry.register(self.predictions)
        self.drift = DriftGauges()
        registry.register(self.drift)
        self._load_seconds = Histogram(
            "trainyard_model_load_duration_seconds",
            "Time of successful loads of a model, including the check of its files.",
            buckets=LOAD_BUCKETS,
            registry=registry,
        )
        self._failed_loads = Counter(
            "trainyard_model_load_failures_total", "Models that could not be loaded.", registry=registry
        )
        build = Info("trainyard_build", "Version and environment; the value is always 1.", registry=registry)
        build.info({"version": version("trainyard"), "python": platform.python_version()})
        ProcessCollector(registry=registry)

    def count_prediction(self, model_name: str, num_rows: int) -> None:
        """Count a prediction and its rows."""
        self.predictions.add(model_name, num_rows)

    def count_shadow(self, model_name: str, version: int, shadow: int, result: str, num_rows: int) -> None:
        """Count rows that were compared with the answers of a shadow version."""
        if num_rows:
            self.predictions.add_shadow(model_name, version, shadow, result, num_rows)

    @contextmanager
    def loading(self) -> Iterator[None]:
        """Measure the time to load a model, or count a failure."""
        began = time.perf_counter()
        with self._failed_loads.count_exceptions():
            yield
        self._load_seconds.observe(time.perf_counter() - began)
