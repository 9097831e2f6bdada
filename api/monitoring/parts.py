"""Measurements of parts of this process that count for themselves."""

from collections.abc import Iterator, Sized
from typing import Protocol

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from api.monitoring.families import counters, gauge


class Doorbells(Protocol):
    """Counts of doorbells."""

    @property
    def num_rung(self) -> int:
        """Return the number that the broker accepted."""

    @property
    def num_failed(self) -> int:
        """Return the number that failed."""


class Parts(Collector):
    """Counts of loaded models and of doorbells."""

    def __init__(self, model_pool: Sized, doorbell: Doorbells) -> None:
        self._model_pool = model_pool
        self._doorbell = doorbell

    def collect(self) -> Iterator[Metric]:
        """Yield the metric families."""
        yield gauge("trainyard_models_loaded", "Networks loaded for prediction.", len(self._model_pool))
        yield counters(
            "trainyard_doorbells_total",
            "Doorbells that this process rang, by whether the broker accepted them.",
            "outcome",
            {"rung": self._doorbell.num_rung, "failed": self._doorbell.num_failed},
        )
