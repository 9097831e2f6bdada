"""Runs side by side, of both clients."""

import math

import pytest

from trainyard.errors import InvalidArgument, NotFound
from trainyard.resources.run_comparison import LongSpecValue

A = "01920000-0000-7000-8000-000000000001"
B = "01920000-0000-7000-8000-000000000002"


def ranked(run_id, rank, value, **changes):
    run = {"run_id": run_id, "rank": rank, "unranked": None, "value": value, "step": 3, "state": "succeeded", "seed": 7}
    return run | changes


@pytest.fixture
def comparison():
    return {
        "metric": {"key": "a", "statistic": "best", "direction": "min", "is_default": True},
        "confidence": 0.9,
        "items": [ranked(B, 1, 0.5), ranked(A, None, "Infinity", unranked="not_finite")],
        "differences": [
            {
                "path": "x.y",
                "values": {A: None},
                "long": {B: {"sha256": "f", "length": 2000, "start": "[1,"}},
                "missing": [],
            },
            {"path": "z", "values": {B: 1}, "long": {}, "missing": [A]},
        ],
        "num_differences": 2,
        "groups": [
            {
                "group": "g",
                "run_ids": [A, B],
                "seeds": [7, 8],
                "left_out": [A],
                "n": 1,
                "mean": 0.5,
                "stddev": None,
                "low": None,
                "high": "NaN",
                "rank": 1,
            }
        ],
        "warnings": [{"code": "losses_differ", "pointer": "/metric", "detail": "They differ."}],
        "missing": [{"run_id": "x", "code": "unknown_run", "detail": "There is no run x."}],
    }


def test_runs_are_ranked(client, fake, comparison):
    fake.on("POST", "/v1/runs:compare", comparison)
    found = client.compare_runs([client.run(A), B, "x"], keys=["test/*"], confidence=0.9)
    assert fake.requests[-1].body == {
        "runs": [A, B, "x"],
        "statistic": "best",
        "keys": ["test/*"],
        "confidence": 0.9,
    }
    assert (found.metric, found.statistic, found.direction, found.confidence) == ("a", "best", "min", 0.9)
    assert [(run.run_id, run.rank, run.value, run.unranked) for run in found.runs] == [
        (B, 1, 0.5, None),
        (A, None, math.inf, "not_finite"),
    ]
    assert found.differences[0].values == {A: None, B: LongSpecValue("f", 2000, "[1,")}
    assert found.differences[1].values == {B: 1}
    (group,) = found.groups
    assert (group.seeds, group.left_out, group.mean, group.low) == ((7, 8), (A,), 0.5, None)
    assert math.isnan(group.high)
    assert (found.warnings[0].code, found.missing) == ("losses_differ", {"x": "There is no run x."})
    assert found.document == comparison


def test_metric_and_direction_are_sent_if_given(client, fake, comparison):
    fake.on("POST", "/v1/runs:compare", comparison)
    client.compare_runs([A], metric="m", statistic="last", direction="max")
    sent = fake.requests[-1].body
    assert (sent["metric"], sent["statistic"], sent["direction"]) == ("m", "last", "max")


def test_two_runs_are_told_apart(client, fake, comparison):
    fake.on("POST", "/v1/runs:compare", comparison | {"missing": []})
    assert [one.path for one in client.diff_runs(A, B)] == ["x.y", "z"]
    assert [one.path for one in client.run(A).diff(client.run(B))] == ["x.y", "z"]
    assert fake.requests[-1].body == {"runs": [A, B]}


def test_a_run_that_does_not_exist_is_no_equal_of_another(client, fake, comparison):
    fake.on("POST", "/v1/runs:compare", comparison | {"differences": []})
    with pytest.raises(NotFound, match="There is no run x"):
        client.diff_runs(A, "x")


def test_curves_are_drawn(client, fake, tmp_path):
    fake.on("GET", f"/v1/runs/{A}/plot.png", b"\x89PNG")
    fake.on("GET", f"/v1/runs/{A}/plot.svg", "<svg/>")
    run = client.run(A)
    assert run.plot(keys=["a", "b"], smoothing=0.5) == b"\x89PNG"
    assert fake.requests[-1].query == [("keys", "a"), ("keys", "b"), ("smoothing", "0.5")]
    assert run.save_plot(tmp_path / "a.svg").read_text() == "<svg/>"
    with pytest.raises(InvalidArgument, match=r"ends in \.png or \.svg"):
        run.save_plot(tmp_path / "a.jpg")
    assert [path.name for path in tmp_path.iterdir()] == ["a.svg"]


def test_curves_of_several_runs_are_drawn(client, fake, tmp_path):
    fake.on("GET", "/v1/runs:plot.svg", "<svg/>")
    assert client.plot_runs([client.run(A), B], "svg", seeds=True, width=640) == b"<svg/>"
    assert fake.requests[-1].query == [("runs", A), ("runs", B), ("width", "640"), ("seeds", "true")]
    assert client.save_plot_of_runs(tmp_path / "a.svg", [A, B]).read_text() == "<svg/>"
    assert fake.requests[-1].query == [("runs", A), ("runs", B)]
