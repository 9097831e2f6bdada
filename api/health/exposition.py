"""Measurements of GET /metrics: of the database and of the API processes."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from api.monitoring.census import Reading
from api.monitoring.families import counters, gauge, gauges
from api.service import Service


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
        yield gauge(
            "trainyard_database_up", "Availability of the database: 1 if it answered in time, else 0.", int(is_up)
        )
        if self._reading is not None:
            yield from _measure_queue(self._reading)
            yield from _measure_totals(self._reading)
        yield from self._service.measurements.collect()


def _measure_queue(reading: Reading) -> Iterator[Metric]:
    census = reading.census
    yield gauge("trainyard_database_census_seconds", "Time that the database took for these numbers.", reading.seconds)
    yield gauges("trainyard_runs", "Runs by state.", "state", census.runs_by_state)
    yield gauge(
        "trainyard_queue_oldest_age_seconds",
        "Time that the oldest queued run has waited; 0 if there is none.",
        census.oldest_queued_seconds,
    )
    yield gauges(
        "trainyard_worker_runs",
        "Runs in training per worker, for workers with any.",
        "worker",
        census.running_by_owner,
    )
    yield gauges(
        "trainyard_dead_letters",
        "Jobs that failed though their specs are not at fault, and that nobody has retried.",
        "kind",
        census.dead_letters,
    )
    yield gauge("trainyard_models", "Models with at least one version.", census.num_models)
    yield gauge("trainyard_model_versions", "Versions of models.", census.num_model_versions)


def _measure_totals(reading: Reading) -> Iterator[Metric]:
    yield CounterMetricFamily(
        "trainyard_runs_submitted_total",
        "Runs that were submitted since this service began to count.",
        value=reading.num_submitted,
    )
    yield counters(
        "trainyard_runs_ended_total",
        "Runs that ended since this service began to count, by final state.",
        "state",
        reading.ended_runs,
    )
    yield CounterMetricFamily(
        "trainyard_attempts_started_total",
        "Attempts that started since this service began to count: the number of claims by workers.",
        value=reading.num_started,
    )
    yield counters(
        "trainyard_attempts_ended_total",
        "Attempts that ended since this service began to count, by outcome.",
        "outcome",
        reading.ended_attempts,
    )
