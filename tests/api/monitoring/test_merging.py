import json

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.registry import Collector

from api.monitoring.merging import keep_lasting, label_process, merge, pack, unpack


class Given(Collector):
    def __init__(self, families):
        self._families = families

    def collect(self):
        yield from self._families


@pytest.fixture
def make_registry():
    """A registry of one process, with values that depend on a number."""

    def make(number, models=("iris",)):
        registry = CollectorRegistry()
        counter = Counter("rows_total", "Rows.", ("model",), registry=registry)
        for model in models:
            counter.labels(model).inc(number)
        seconds = Histogram("seconds", "Seconds.", buckets=(0.1, 1.0), registry=registry)
        for _ in range(number):
            seconds.observe(0.5)
        Gauge("in_progress", "In progress.", registry=registry).set(number)
        Info("build", "Build.", registry=registry).info({"version": "1"})
        return registry

    return make


def values(families):
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value for family in families for sample in family.samples
    }


def test_counters_histograms_and_gauges_are_added_up(make_registry):
    merged = values(merge([make_registry(2).collect(), make_registry(3).collect()]))
    assert merged["rows_total", ("model", "iris")] == 5
    assert merged["seconds_bucket", ("le", "0.1")] == 0
    assert merged["seconds_bucket", ("le", "1.0")] == 5
    assert merged["seconds_bucket", ("le", "+Inf")] == 5
    assert merged["seconds_count",] == 5
    assert merged["seconds_sum",] == 2.5
    assert merged["in_progress",] == 5


def test_an_info_stays_1(make_registry):
    merged = values(merge([make_registry(2).collect(), make_registry(3).collect()]))
    assert merged["build_info", ("version", "1")] == 1


def test_of_what_each_works_out_from_the_database_the_greatest_is_taken():
    def make_families(psi):
        registry = CollectorRegistry()
        Gauge("trainyard_drift_psi", "Stability.", ("column",), registry=registry).labels("x").set(psi)
        return registry.collect()

    assert values(merge([make_families(0.1), make_families(0.3), make_families(0.2)])) == {
        ("trainyard_drift_psi", ("column", "x")): 0.3
    }


def test_series_that_only_some_have_are_kept(make_registry):
    merged = values(merge([make_registry(2, ["iris"]).collect(), make_registry(3, ["line", "iris"]).collect()]))
    assert merged["rows_total", ("model", "iris")] == 5
    assert merged["rows_total", ("model", "line")] == 3


def test_families_that_only_some_have_are_kept(make_registry):
    assert values(merge([[], make_registry(3).collect()])) == values(make_registry(3).collect())


def test_packing_is_json_and_loses_nothing(make_registry):
    registry = make_registry(2)
    packed = json.loads(json.dumps(pack(registry.collect())))
    assert generate_latest(Given(list(unpack(packed)))) == generate_latest(registry)


def test_the_sum_is_well_formed_for_prometheus_and_openmetrics(make_registry):
    merged = merge([make_registry(2, ["iris"]).collect(), make_registry(3, ["line"]).collect()])
    text = generate_openmetrics(Given(merged)).decode()
    assert values(read_openmetrics(text)) == values(merged)


def test_only_counts_outlast_their_process(make_registry):
    registry = make_registry(2)
    ProcessCollector(registry=registry)
    assert [family.name for family in keep_lasting(registry.collect())] == ["rows", "seconds"]


def test_measurements_of_a_process_itself_are_told_apart(make_registry):
    registry = make_registry(2)
    ProcessCollector(registry=registry)
    merged = values(merge([label_process(registry.collect(), 0), label_process(registry.collect(), 1)]))
    assert merged["process_resident_memory_bytes", ("process", "0")] > 0
    assert merged["process_resident_memory_bytes", ("process", "1")] > 0
    assert ("process_resident_memory_bytes",) not in merged
    assert merged["rows_total", ("model", "iris")] == 4
