import os
import subprocess
import sys

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector

from api.monitoring import measurements as module
from api.monitoring.exchange import Exchange
from api.monitoring.measurements import Measurements


@pytest.fixture(autouse=True)
def _publishes_only_when_asked(monkeypatch):
    monkeypatch.setattr(module, "PUBLISH_SECONDS", 3600.0)


class Process:
    """An API process with a counter and a gauge."""

    def __init__(self, folder, number, pid):
        self.pid = pid
        registry = CollectorRegistry()
        self.requests = Counter("requests_total", "Requests.", registry=registry)
        self.in_progress = Gauge("in_progress", "In progress.", registry=registry)
        ProcessCollector(registry=registry)
        self.measurements = Measurements(Exchange(folder, number), [registry])


@pytest.fixture
def run_as(monkeypatch):
    """Calls something in the name of one of the processes."""

    def run(process, function):
        with monkeypatch.context() as patch:
            patch.setattr(os, "getpid", lambda: process.pid)
            return function()

    return run


@pytest.fixture
def make_process(tmp_path, run_as):
    """Processes that each have a process id; `end` gives it up."""
    started = []

    def make(number):
        sleeper = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        process = Process(tmp_path, number, sleeper.pid)

        def end():
            sleeper.communicate(b"\n")

        process.end = end
        started.append((process, sleeper))
        run_as(process, process.measurements.start)
        return process

    yield make
    for process, sleeper in started:
        process.measurements._stopped.set()
        if sleeper.poll() is None:
            process.end()


@pytest.fixture
def scrape(run_as):
    def collect(process):
        families = run_as(process, lambda: list(process.measurements.collect()))
        return {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        }

    return collect


def test_a_single_process_shows_its_own_as_they_are():
    alone = Process(None, 0, os.getpid())
    alone.requests.inc(3)
    alone.measurements.start()
    families = list(alone.measurements.collect())
    alone.measurements.stop()
    samples = {sample.name: sample for family in families for sample in family.samples}
    assert samples["requests_total"].value == 3
    assert samples["process_resident_memory_bytes"].labels == {}
    assert "trainyard_api_processes" not in samples


def test_whichever_process_is_asked_the_sum_is_shown(make_process, scrape):
    first, second = make_process(0), make_process(1)
    first.requests.inc(3)
    second.requests.inc(4)
    first.in_progress.set(1)
    second.in_progress.set(2)
    assert scrape(first)["requests_total",] == 3
    assert scrape(second)["requests_total",] == 7
    assert scrape(first)["requests_total",] == 7
    assert scrape(first)["in_progress",] == 3
    assert scrape(first)["trainyard_api_processes",] == 2


def test_a_process_that_dies_takes_its_gauges_with_it_and_leaves_its_counters(make_process, scrape):
    first, second = make_process(0), make_process(1)
    first.requests.inc(3)
    first.in_progress.set(5)
    second.requests.inc(4)
    assert scrape(first)["requests_total",] == 3
    first.end()
    left = scrape(second)
    assert left["requests_total",] == 7
    assert left["in_progress",] == 0
    assert left["trainyard_api_processes",] == 1
    assert ("process_resident_memory_bytes", ("process", "0")) not in left
    assert ("process_resident_memory_bytes", ("process", "1")) in left


def test_a_replacement_goes_on_counting(make_process, scrape):
    first, second = make_process(0), make_process(1)
    first.requests.inc(3)
    scrape(first)
    first.end()
    replacement = make_process(0)
    replacement.in_progress.set(1)
    assert scrape(second)["requests_total",] == 3
    replacement.requests.inc(2)
    assert scrape(replacement)["requests_total",] == 5
    replacement.end()
    again = make_process(0)
    again.requests.inc()
    assert scrape(again)["requests_total",] == 6
    assert scrape(second)["requests_total",] == 6
    assert scrape(second)["in_progress",] == 0


def test_what_has_been_shown_is_never_lost(make_process, scrape):
    """A counter that decreases would look like a restart to Prometheus, and everything would count again."""
    first, second = make_process(0), make_process(1)
    for _ in range(5):
        first.requests.inc()
        shown = scrape(first)["requests_total",]
        assert scrape(second)["requests_total",] == shown
    first.end()
    assert scrape(second)["requests_total",] == shown


def test_the_end_publishes_what_was_counted_last(make_process, run_as, scrape):
    first, second = make_process(0), make_process(1)
    first.requests.inc(3)
    run_as(first, first.measurements.stop)
    first.end()
    assert scrape(second)["requests_total",] == 3


def test_measurements_are_published_without_being_asked_for(make_process, scrape, monkeypatch):
    second = make_process(1)
    monkeypatch.setattr(module, "PUBLISH_SECONDS", 0.01)
    first = make_process(0)
    first.requests.inc(3)
    for _ in range(3000):
        if scrape(second)["requests_total",] == 3:
            break
        first.measurements._stopped.wait(0.01)
    assert scrape(second)["requests_total",] == 3


def test_measurements_that_cannot_be_published_are_logged_and_tried_again(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(module, "PUBLISH_SECONDS", 0.01)
    process = Process(tmp_path, 0, os.getpid())
    process.measurements.start()
    publish = Exchange.publish
    with monkeypatch.context() as patch:
        patch.setattr(Exchange, "publish", lambda *_: 1 / 0)
        for _ in range(3000):
            if "could not be published" in caplog.text:
                break
            process.measurements._stopped.wait(0.01)
    assert Exchange.publish is publish
    assert "ZeroDivisionError" in caplog.text
    process.requests.inc()
    process.measurements.stop()
    (contribution,) = Exchange(tmp_path, 1).read_others("measurements")
    assert ["requests_total", {}, 1.0] in [sample for family in contribution.content for sample in family[4]]
