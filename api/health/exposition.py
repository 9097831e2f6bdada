"""Measurements of GET /metrics: of the process, the database and the parts of the service."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.monitoring.census import Reading
from api.service import Service

Word = TypeVar("Word", bound=str)


class Exposition(Collector):
    """All measurements at one moment, for an encoder of prometheus_client.

    Args:
        service: Service to measure.
        reading: Reading of the database; None if it does not answer: its series are left out.
    """

    def __init__(self, service: Service, reading: Reading | None) -> None:
        self._service = service
        self._reading = reading

    def collect(self) -> Iterator[Metric]:
        """Yield every metric family in the order of the response."""
        is_up = self._reading is not None
        yield _gauge(
            "trainyard_database_up", "Availability of the database: 1 if it answered in time, else 0.", int(is_up)
        )
        if self._reading is not None:
            yield from _measure_queue(self._reading)
            yield from _measure_totals(self._reading)
        yield from self._service.instruments.registry.collect()
        yield from _measure_parts(self._service)


def _measure_queue(reading: Reading) -> Iterator[Metric]:
    census = reading.census
    yield _gauge("trainyard_database_census_seconds", "Time that the database took for these numbers.", reading.seconds)
    yield _gauges("trainyard_runs", "Runs by state.", "state", census.runs_by_state)
    yield _gauge(
        "trainyard_queue_oldest_age_seconds",
        "Time that the oldest queued run has waited; 0 if there is none.",
        census.oldest_queued_seconds,
    )
    yield _gauges(
        "trainyard_worker_runs",
        "Runs in training per worker, for workers with any.",
        "worker",
        census.running_by_owner,
    )
    yield _gauge("trainyard_models", "Models with at least one version.", census.num_models)
    yield _gauge("trainyard_model_versions", "Versions of models.", census.num_model_versions)


def _measure_totals(reading: Reading) -> Iterator[Metric]:
    yield CounterMetricFamily(
        "trainyard_runs_submitted_total",
        "Runs that were submitted since this process began to count.",
        value=reading.num_submitted,
    )
    yield _counters(
        "trainyard_runs_ended_total",
        "Runs that ended since this process began to count, by final state.",
        "state",
        reading.ended_runs,
    )
    yield CounterMetricFamily(
        "trainyard_attempts_started_total",
        "Attempts that started since this process began to count: the number of claims by workers.",
        value=reading.num_started,
    )
    yield _counters(
        "trainyard_attempts_ended_total",
        "Attempts that ended since this process began to count, by outcome.",
        "outcome",
        reading.ended_attempts,
    )


def _measure_parts(service: Service) -> Iterator[Metric]:
    yield _gauge("trainyard_models_loaded", "Networks loaded for prediction.", len(service.model_pool))
    yield _counters(
        "trainyard_doorbells_total",
        "Doorbells that this process rang, by whether the broker accepted them.",
        "outcome",
        {"rung": service.doorbell.num_rung, "failed": service.doorbell.num_failed},
    )


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _gauges(name: str, text: str, label: str, values: Mapping[Word, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _counters(name: str, text: str, label: str, values: Mapping[Word, int]) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
