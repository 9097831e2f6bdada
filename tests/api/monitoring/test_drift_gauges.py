import time

from prometheus_client import CollectorRegistry, generate_latest

from api.monitoring.drift_gauges import MOST_INPUTS, MOST_VERSIONS, DriftGauges
from core.observation.stability import Reading, Stability
from core.observation.summaries import CategoryBins, ColumnCounts, ServedCounts
from serving.observation.comparison import ColumnDrift, Drift

COUNTS = ServedCounts(layout="a", num_rows=10, num_watched=5, inputs=(), outputs=())


def column(name, psi=0.5, reading=Reading.SHIFTED):
    counts = ColumnCounts(bins=(1,))
    stability = None if psi is None else Stability(psi, 0.01, reading)
    return ColumnDrift(name, CategoryBins(codes=(), labels=()), counts, counts, stability)


def drift(inputs, outputs=(), reason=""):
    return Drift(10, 5, tuple(inputs), tuple(outputs), 0, reason)


def scrape(gauges):
    registry = CollectorRegistry()
    registry.register(gauges)
    lines = generate_latest(registry).decode().splitlines()
    return [line for line in lines if not line.startswith("#")]


def test_the_versions_that_were_served_last_are_shown():
    gauges = DriftGauges()
    for version in range(MOST_VERSIONS + 5):
        gauges.count("m", version, COUNTS)
        gauges.show("m", version, drift([column("x")]))
    shown = [line for line in scrape(gauges) if line.startswith("trainyard_drift_psi")]
    assert len(shown) == MOST_VERSIONS
    assert not any('version="0"' in line for line in shown)


def test_the_first_columns_have_series_and_all_are_counted():
    gauges = DriftGauges()
    gauges.count("m", 1, COUNTS)
    names = [f"c{place}" for place in range(MOST_INPUTS + 10)]
    gauges.show(
        "m",
        1,
        drift([*map(column, names), column("c0"), column("none", None)], [column("class", 0.05, Reading.STABLE)]),
    )
    lines = scrape(gauges)
    assert len([line for line in lines if line.startswith("trainyard_drift_psi")]) == MOST_INPUTS + 1
    assert 'trainyard_drift_psi{column="class",model="m",role="output",version="1"} 0.05' in lines
    assert f'trainyard_drift_shifted_columns{{model="m",version="1"}} {MOST_INPUTS + 11}.0' in lines


def test_rows_are_counted_without_a_comparison_too():
    gauges = DriftGauges()
    gauges.count("m", 1, COUNTS)
    gauges.count("m", 1, COUNTS)
    gauges.show("m", 1, drift([column("x", None)], reason="too few"))
    assert scrape(gauges) == [
        'trainyard_served_rows_total{model="m",version="1"} 20.0',
        'trainyard_watched_rows_total{model="m",version="1"} 10.0',
    ]


def test_a_version_is_compared_once_a_minute_and_shown_for_an_hour(monkeypatch):
    gauges = DriftGauges()
    assert not gauges.is_due("m", 1)
    gauges.count("m", 1, COUNTS)
    assert gauges.is_due("m", 1)
    gauges.show("m", 1, drift([column("x")]))
    assert not gauges.is_due("m", 1)
    now = time.monotonic()
    monkeypatch.setattr("api.monitoring.drift_gauges.time.monotonic", lambda: now + 61)
    assert gauges.is_due("m", 1)
    assert any("psi" in line for line in scrape(gauges))
    monkeypatch.setattr("api.monitoring.drift_gauges.time.monotonic", lambda: now + 3700)
    assert not any("psi" in line for line in scrape(gauges))
