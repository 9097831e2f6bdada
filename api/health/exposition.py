"""The measurements that GET /metrics reports: of the process, of the database, of the service's parts."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.monitoring.census import Reading
from api.service import Service

Word = TypeVar("Word", bound=str)


class Exposition(Collector):
    """Everything at one moment, for one of prometheus_client's encoders.

    Args:
        service: Whose measurements.
        reading: Of the database; None where it does not answer, and then all of its series are left out.
    """

    def __init__(self, service: Service, reading: Reading | None) -> None:
        self._service = service
        self._reading = reading

    def collect(self) -> Iterator[Metric]:
        """Yield every family in the order of the answer."""
        is_up = self._reading is not None
        yield _gauge("trainyard_database_up", "Whether the database answered in time: 1 or 0.", int(is_up))
        if self._reading is not None:
            yield from _measure_queue(self._reading)
            yield from _measure_totals(self._reading)
        yield from self._service.instruments.registry.collect()
        yield from _measure_parts(self._service)


def _measure_queue(reading: Reading) -> Iterator[Metric]:
    census = reading.census
    yield _gauge("trainyard_database_census_seconds", "Time the database took for these numbers.", reading.seconds)
    yield _gauges("trainyard_runs", "Runs by state.", "state", census.runs_by_state)
    yield _gauge(
        "trainyard_queue_oldest_age_seconds",
        "Time the run that has waited longest has been queued; 0 if none waits.",
        census.oldest_queued_seconds,
    )
    yield _gauges(
        "trainyard_worker_runs",
        "Runs that each worker trains, for workers that train any.",
        "worker",
        census.running_by_owner,
    )
    yield _gauge("trainyard_models", "Models with a version.", census.num_models)
    yield _gauge("trainyard_model_versions", "Versions of models.", census.num_model_versions)


def _measure_totals(reading: Reading) -> Iterator[Metric]:
    yield CounterMetricFamily(
        "trainyard_runs_submitted_total",
        "Runs that were queued for the first time since this process began to count.",
        value=reading.num_submitted,
    )
    yield _counters(
        "trainyard_runs_ended_total",
        "Runs that ended since this process began to count, by the state they ended in.",
        "state",
        reading.ended_runs,
    )
    yield CounterMetricFamily(
        "trainyard_attempts_started_total",
        "Attempts at runs that began since this process began to count: how often a worker claimed one.",
        value=reading.num_started,
    )
    yield _counters(
        "trainyard_attempts_ended_total",
        "Attempts at runs that ended since this process began to count, by outcome.",
        "outcome",
        reading.ended_attempts,
    )


def _measure_parts(service: Service) -> Iterator[Metric]:
    yield _gauge("trainyard_models_loaded", "Networks kept loaded for prediction.", len(service.model_pool))
    yield _counters(
        "trainyard_doorbells_total",
        "Doorbells that this process rang, by whether the broker took them.",
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
