"""Metrics of a real service, and a parser of the part of PromQL that these tests need."""

import json
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from api.app import create_app
from core.observation.stability import Reading, Stability
from core.observation.summaries import ColumnCounts, NumberBins, ServedCounts
from core.settings import Settings
from db import claims, runs
from serving.observation.comparison import ColumnDrift, Drift

with warnings.catch_warnings():
    # Starlette prefers a client that is not among the dependencies of this project.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

ROOT = Path(__file__).parents[3]
OBSERVE = ROOT / "deploy" / "observe"
SCRAPED = {"instance", "job"}
"""Labels that Prometheus adds to every sample."""


@dataclass(frozen=True)
class Measurements:
    """Response of /metrics: the type of each family, and the labels of each sample with their values."""

    types: dict[str, str]
    labels: dict[str, dict[str, set[str]]]


@pytest.fixture
def measured(sqlite_url, tmp_path) -> Measurements:
    """Metrics of a service that has handled requests of every kind."""
    app = create_app(Settings(data_dir=tmp_path, database_url=sqlite_url))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        service = app.state.service
        for path in ("/healthz", "/nowhere", "/docs"):
            client.get(path)
        client.post("/v1/models/line:predict", json={"instances": [[1]]})
        service.instruments.requests.add_refusal("queued_runs")
        service.instruments.count_prediction("line", 1)
        service.instruments.count_shadow("line", 1, 2, "same", 1)
        watched = ServedCounts(layout="", num_rows=1, num_watched=1, inputs=(), outputs=())
        service.instruments.drift.count("line", 1, watched)
        service.instruments.drift.show("line", 1, make_drift())
        with service.database.transaction() as session:
            runs.create(session, experiment="tests", model_name="line", spec={"seed": 0})
            claims.claim_run(session, owner="host:1", lease_seconds=60)
        text = client.get("/metrics").text
    types, labels = {}, {}
    for family in text_string_to_metric_families(text):
        # The parser removes the suffix of a counter's name.
        types[family.name + ("_total" if family.type == "counter" else "")] = family.type
        for sample in family.samples:
            seen = labels.setdefault(sample.name, {name: set() for name in SCRAPED})
            for name, value in sample.labels.items():
                seen.setdefault(name, set()).add(value)
    # Prometheus adds this one itself.
    labels["up"] = {name: set() for name in SCRAPED}
    return Measurements(types, labels)


def make_drift() -> Drift:
    """A comparison of one column."""
    bins = NumberBins(edges=(0.0, 1.0))
    counts = ColumnCounts(bins=(0, 1, 0))
    column = ColumnDrift("x", bins, counts, counts, Stability(0.5, 0.1, Reading.SHIFTED))
    return Drift(num_rows=1, num_watched=1, inputs=(column,), outputs=(), num_left_out=0, reason="")


@pytest.fixture(scope="session")
def dashboard() -> dict:
    return json.loads((OBSERVE / "grafana" / "dashboards" / "trainyard.json").read_text())


@pytest.fixture(scope="session")
def rules() -> list[dict]:
    groups = yaml.safe_load((OBSERVE / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


@dataclass(frozen=True)
class Selector:
    """A metric in an expression, with its label matchers: (label, operator, value)."""

    name: str
    matchers: tuple[tuple[str, str, str], ...]


WORDS = frozenset({"and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right", "bool"})
GROUPING = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
NAME = re.compile(r"\b([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\(?)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')


def _read(expression: str) -> list[Selector]:
    rest = re.sub(r"\[[^\]]*\]", "", GROUPING.sub("", expression))
    return [
        Selector(name, tuple(MATCHER.findall(matchers)))
        for name, parenthesis, matchers in NAME.findall(rest)
        if not parenthesis and name not in WORDS and not name.isdigit()
    ]


@pytest.fixture(scope="session")
def check_expression():
    """Return a function that lists metrics and labels of an expression that the service does not export."""

    def check(expression: str, measured: Measurements) -> list[str]:
        selectors = _read(expression)
        complaints = [] if selectors else [f"names no metric: {expression}"]
        known = set()
        for selector in selectors:
            labels = measured.labels.get(selector.name)
            if labels is None:
                complaints.append(f"there is no {selector.name}")
                continue
            known |= set(labels)
            for label, operator, value in selector.matchers:
                if label not in labels:
                    complaints.append(f"{selector.name} has no label {label}")
                elif operator in {"=", "=~"} and label not in SCRAPED and not _is_seen(label, value, labels[label]):
                    complaints.append(f"{selector.name} never has {label} {operator} {value}")
        grouped = {label.strip() for labels in GROUPING.findall(expression) for label in labels.split(",")}
        return complaints + [f"nothing has the label {label}" for label in sorted(grouped - known)]

    return check


def _is_seen(label: str, pattern: str, values: set[str]) -> bool:
    # No server error occurs here; tests/api covers them.
    if label == "status":
        return pattern in {"1xx", "2xx", "3xx", "4xx", "5xx", "none"}
    alternatives = [pattern] if "(" in pattern else pattern.split("|")
    return all(any(re.fullmatch(part, value) for value in values) for part in alternatives)
