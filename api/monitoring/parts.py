"""Measurements of parts of this process that count for themselves."""

from collections.abc import Iterator, Sequence
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


class Network(Protocol):
    """A loaded network."""

    @property
    def num_bytes(self) -> int:
        """Return the memory that it takes."""

    @property
    def num_queued(self) -> int:
        """Return the number of requests that wait for it."""


class Networks(Protocol):
    """Networks in memory."""

    def list_models(self) -> Sequence[Network]:
        """Return all loaded networks."""


class Parts(Collector):
    """Counts of loaded models, of requests that wait for them, and of doorbells."""

    def __init__(self, model_pool: Networks, doorbell: Doorbells) -> None:
        self._model_pool = model_pool
        self._doorbell = doorbell

    def collect(self) -> Iterator[Metric]:
        """Yield the metric families."""
        networks = self._model_pool.list_models()
        yield gauge("trainyard_models_loaded", "Networks loaded for prediction.", len(networks))
        yield gauge(
            "trainyard_models_loaded_bytes",
            "Memory of the networks loaded for prediction, by estimate.",
            sum(network.num_bytes for network in networks),
        )
        yield gauge(
            "trainyard_prediction_requests_waiting",
            "Prediction requests that wait for a network.",
            sum(network.num_queued for network in networks),
        )
        yield counters(
            "trainyard_doorbells_total",
            "Doorbells that this process rang, by whether the broker accepted them.",
            "outcome",
            {"rung": self._doorbell.num_rung, "failed": self._doorbell.num_failed},
        )
