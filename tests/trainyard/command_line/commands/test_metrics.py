import json

import pytest

RUN_ID = "01920000-0000-7000-8000-000000000001"
RUN_PATH = f"/v1/runs/{RUN_ID}"


@pytest.fixture
def curves(fake):
    """A run with two metrics; the history has the first."""
    items = [
        {"key": key, "count": 3, "first": 1, "last": 0.1, "min": 0.1, "max": "Infinity", "best": best, "best_step": 3}
        for key, best in (("train/loss", 0.1), ("train/gradient", None))
    ]
    fake.on("GET", f"{RUN_PATH}/metrics", {"items": items})
    series = {"key": "train/loss", "x": [0.5, 1.0, 1.5], "y": [1.0, "NaN", 0.1], "smoothed": [1.0, "NaN", 0.5]}
    fake.on("GET", f"{RUN_PATH}/metrics/history", {"run_id": RUN_ID, "series": [series | {"total": 3}]})


@pytest.mark.usefixtures("curves")
def test_metrics_are_shown_in_numbers_and_drawn(invoke, fake):
    result = invoke("metrics", RUN_ID)
    assert result.exit_code == 0
    assert "train/gradient" in result.stdout
    assert "train/loss  1 to 0.1" in result.stdout
    assert dict(fake.requests[-1].query)["keys"] == "train/loss"


@pytest.mark.usefixtures("curves")
def test_named_metrics_are_drawn_smoothed_by_epoch(invoke, fake):
    result = invoke("metrics", RUN_ID, "--key", "train/*", "--key", "x", "--x", "epoch", "--smoothing", "0.9")
    assert result.exit_code == 0
    assert "train/gradient" not in result.stdout
    assert "epoch 1.5" in result.stdout
    query = dict(fake.requests[-1].query)
    assert (query["keys"], query["x"], query["smoothing"]) == ("train/*,x", "epoch", "0.9")


@pytest.mark.usefixtures("curves")
def test_json_is_strict(invoke):
    def reject(word):
        raise AssertionError(word)

    document = json.loads(invoke("metrics", RUN_ID, "--json").stdout, parse_constant=reject)
    (curve,) = document["series"]
    assert (curve["y"], curve["total"], document["x"]) == ([1.0, "NaN", 0.1], 3, "step")


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_points_are_exported(invoke, fake, tmp_path, kind):
    fake.on("GET", f"{RUN_PATH}/metrics/export", "points")
    path = tmp_path / "points"
    result = invoke("metrics", RUN_ID, "--key", "a", "--export", kind, "-o", str(path))
    assert (result.exit_code, path.read_text()) == (0, "points")
    assert fake.requests[-1].query == [("format", kind), ("keys", "a")]
    assert str(path) in result.stderr


def test_output_without_export_is_rejected(invoke):
    result = invoke("metrics", RUN_ID, "-o", "points.csv")
    assert result.exit_code == 1
    assert "--export csv" in result.stderr


def test_run_without_points_says_so(invoke, fake):
    fake.on("GET", f"{RUN_PATH}/metrics", {"items": []})
    result = invoke("metrics", RUN_ID)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no points yet" in result.stderr
