"""Filters on both databases give what a plain evaluation of their trees in Python gives."""

import math
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from core.filters.reading import read_filter
from core.filters.tree import And, Condition, Not, Operator, Or
from core.progress import MetricBatch
from core.run_report import RunError
from db import metrics, runs
from db.records.runs import RunRecord
from db.run_search.conditions import Conditions

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
NUM_RUNS = 60
TEXTS = ["", "a", "b", "ab", "B", "é", "a%b", "a_b", "it's", 'say "x"', "back\\slash", "10", "true", "Ω", "z" * 250]
NUMBERS = [0, 1, -1, 2.5, 1e-7, 0.1, 1e15, 3]
JSON_VALUES = [*NUMBERS, *TEXTS, True, False, None, [1, 2], {"deep": 1}, 2**60, 10**320]
METRIC_VALUES = [0.5, -1.0, math.inf, -math.inf, math.nan, 2.0, 1e-300]


def make_run(session, rng):
    """Store a run of random values, and return them as a filter sees them."""
    tags = {name: rng.choice(TEXTS) for name in ("team", "a b", "é.x") if rng.random() < 0.6}
    spec = {name: rng.choice(JSON_VALUES) for name in ("x", "y") if rng.random() < 0.8}
    spec["nested"] = {"value": rng.choice(JSON_VALUES), "list": [rng.choice(JSON_VALUES), {"0": rng.choice(NUMBERS)}]}
    names = {"experiment": rng.choice(["one", "two", "Ω"]), "model_name": rng.choice(["m", "m-2", "é"])}
    preset, notes = rng.choice([None, "p"]), rng.choice([None, *TEXTS])
    record = runs.create(session, **names, spec=spec, preset=preset, tags=tags, notes=notes, priority=rng.randrange(3))
    changed = {
        "state": rng.choice(["queued", "succeeded", "failed", "cancelled"]),
        "attempt": rng.randrange(3),
        "created_at": NOW - timedelta(hours=rng.randrange(100)),
        "started_at": rng.choice([None, NOW - timedelta(minutes=rng.randrange(100))]),
        "ended_at": rng.choice([None, NOW + timedelta(seconds=rng.randrange(100) / 4)]),
        "model_version": rng.choice([None, 1, 2]),
    }
    error = rng.choice([None, RunError(code="oom", detail="it's full", attempt=1)])
    session.execute(update(RunRecord).where(RunRecord.id == record.id).values(**changed, error=error))
    summaries = {}
    for key in ("train/loss", "epoch/validation/accuracy", "odd"):
        if rng.random() < 0.7:
            values = [rng.choice(METRIC_VALUES) for _ in range(rng.randrange(1, 4))]
            steps = tuple(range(1, len(values) + 1))
            metrics.append(session, record.id, [MetricBatch(key, steps, tuple(values), tuple(map(float, steps)))])
    for summary in metrics.list_keys(session, record.id):
        summaries[summary.key] = summary
    values = {
        name: getattr(record, name) for name in ("id", "experiment", "preset", "notes", "priority", "submitted_by")
    }
    values |= changed | {"model": record.model_name, "tags": tags, "spec": spec, "metrics": summaries, "error": error}
    return values


class Runs(list):
    def __repr__(self):
        """A few words: hypothesis shows it."""
        return f"{len(self)} runs"


@pytest.fixture
def stored(database):
    """Runs of random values, the same each time."""
    rng = random.Random(20260302)  # noqa: S311 - a seed, not a secret
    with database.transaction() as session:
        return Runs(make_run(session, rng) for _ in range(NUM_RUNS))


def value_of(run, field):
    """Value of a field, None if there is none."""
    match field.name:
        case "tags":
            return run["tags"].get(field.path[0])
        case "metrics":
            summary = run["metrics"].get(field.path[0])
            value = None if summary is None else getattr(summary, field.path[1])
            return None if value is None or math.isnan(value) else value
        case "spec":
            value = run["spec"]
            for step in field.path:
                container = list if isinstance(step, int) else dict
                found = isinstance(value, container) and (step in value if container is dict else step < len(value))
                value = value[step] if found else None
            return value
        case "error":
            return None if run["error"] is None else getattr(run["error"], field.path[0])
        case "model_version":
            return run["model_version"]
        case "duration_seconds":
            if run["started_at"] is None or run["ended_at"] is None:
                return None
            return (run["ended_at"] - run["started_at"]) / timedelta(seconds=1)
    return run[field.name]


def is_alike(left, right):
    """Whether two values are of types that are compared."""
    kinds = [float if type(one) in {int, float} else type(one) for one in (left, right)]
    return kinds[0] == kinds[1]


def compare(value, operator, wanted):
    if type(value) is int and abs(value) > 2**53:
        # Whole numbers of JSON are compared as doubles, if there is one.
        value = float(value) if abs(value) < 1.7e308 else None
    if not is_alike(value, wanted):
        return False
    match operator:
        case Operator.EQUAL | Operator.IN:
            return value == wanted
        case Operator.LESS:
            return value < wanted
        case Operator.LESS_OR_EQUAL:
            return value <= wanted
        case Operator.GREATER:
            return value > wanted
        case Operator.GREATER_OR_EQUAL:
            return value >= wanted
    return wanted in value


def evaluate(tree, run):
    """Whether a filter holds for a run, in Python's own logic."""
    match tree:
        case Not(part):
            return not evaluate(part, run)
        case And(parts):
            return all(evaluate(part, run) for part in parts)
        case Or(parts):
            return any(evaluate(part, run) for part in parts)
        case Condition(field, Operator.IS_NULL):
            return value_of(run, field) is None
        case Condition(field, operator, values):
            value = value_of(run, field)
            return value is not None and any(compare(value, operator, wanted) for wanted in values)
    raise AssertionError(tree)


def quote(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def as_list(values):
    return st.lists(values, min_size=1, max_size=3).map(lambda chosen: f"({', '.join(chosen)})")


texts = st.sampled_from(TEXTS).map(quote)
numbers = st.one_of(st.sampled_from(NUMBERS), st.integers(-5, 5)).map(repr)
times = st.sampled_from(
    ["2026-03-02", "2026-03-01T06:30:00+01:00", "now", "now-2d", "now+10s", "2026-03-02T11:00:00.5Z"]
)
text_fields = st.sampled_from(["experiment", "model", "preset", "notes", "submitted_by", "error.code", "error.detail"])
tag_fields = st.sampled_from(["tags.team", 'tags."a b"', 'tags."é.x"', "tags.nobody"])
number_fields = st.sampled_from(
    [
        *("priority", "attempt", "duration_seconds", "model_version.version"),
        *("metrics.train/loss.best", "metrics.train/loss.min", "metrics.epoch/validation/accuracy.best"),
        *("metrics.odd.last", "metrics.odd.best", "metrics.odd.count", "metrics.odd.max_step", "metrics.none.last"),
    ]
)
spec_fields = st.sampled_from(
    [
        *("spec.x", "spec.y", "spec.nested.value", "spec.nested.list.0", "spec.nested.list.1.'0'"),
        *("spec.nested", "spec.nested.list.7", "spec.x.deep", "spec.x.1", "spec.none"),
    ]
)
ORDER = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])


def join(*parts):
    return st.tuples(*(st.just(part) if isinstance(part, str) else part for part in parts)).map(" ".join)


conditions = st.one_of(
    join("state", st.sampled_from(["=", "!="]), st.sampled_from(["queued", "failed", "running"])),
    join("state", st.sampled_from(["in", "not in"]), as_list(st.sampled_from(["queued", "failed"]))),
    join(st.one_of(text_fields, tag_fields, spec_fields), ORDER, texts),
    join(st.one_of(text_fields, tag_fields, spec_fields), "contains", texts),
    join(st.one_of(text_fields, tag_fields), st.sampled_from(["in", "not in"]), as_list(texts)),
    join(st.one_of(number_fields, spec_fields), ORDER, numbers),
    join(number_fields, st.sampled_from(["in", "not in"]), as_list(numbers)),
    join(spec_fields, st.sampled_from(["in", "not in"]), as_list(st.one_of(texts, numbers, st.just("true")))),
    join(spec_fields, st.sampled_from(["=", "!="]), st.sampled_from(["true", "false"])),
    join(st.sampled_from(["created_at", "started_at", "ended_at"]), ORDER, times),
    join(
        st.one_of(text_fields, tag_fields, number_fields, spec_fields, st.just("started_at")),
        st.sampled_from(["is null", "is not null", ":*", "= null", "!= null"]),
    ),
)
filters = st.recursive(
    conditions,
    lambda inner: st.one_of(
        join("not", "(", inner, ")"),
        join("(", inner, ")", "and", "(", inner, ")"),
        join("(", inner, ")", "or", "(", inner, ")"),
    ),
    max_leaves=5,
)


def find(session, tree):
    """Ids of the runs that fulfil a filter; they are counted by another condition, which must agree."""
    found = set(session.scalars(select(RunRecord.id).where(Conditions(session).of_tree(tree))))
    counted = select(func.count()).select_from(RunRecord).where(Conditions(session, is_counting=True).of_tree(tree))
    assert session.scalar(counted) == len(found)
    return found


@pytest.fixture
def let_few(monkeypatch):
    """Change the number of rows up to which a condition collects them first."""
    return lambda few: monkeypatch.setattr("db.run_search.conditions.FEW", few)


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=filters, few=st.sampled_from([0, 10_000]))
def test_a_filter_finds_what_its_tree_says(stored, database, let_few, text, few):
    # With 0, SQLite looks up each run, and values of specs are read from the specs themselves.
    let_few(few)
    tree = read_filter(text, NOW)
    with database.reading() as session:
        found = find(session, tree)
    assert found == {run["id"] for run in stored if evaluate(tree, run)}
