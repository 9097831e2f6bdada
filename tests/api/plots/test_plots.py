import math
from uuid import uuid4
from xml.etree import ElementTree as ET

import pytest

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def submit(client, worker):
    """Submit a run with curves by epoch; returns its id."""

    def make(train=(), validation=(), *, ends=True, **overrides):
        run_id = client.post("/v1/runs", json={"preset": "perceptron-or", "overrides": overrides}).json()["id"]
        claimed = worker.claim()
        curves = {"epoch__train__loss": train, "epoch__validation__loss": validation}
        worker.report(claimed, **{key: list(values) for key, values in curves.items() if values})
        if ends:
            worker.fail(claimed)
        return run_id

    return make


def plot(client, path, **query):
    answer = client.get(path, params={"x": "step"} | query)
    assert answer.status_code == 200, answer.text
    return answer


def words(answer):
    return [entry.text for entry in ET.fromstring(answer.text).iter(f"{SVG}text")]  # noqa: S314 - made here


def test_a_run_is_drawn_with_training_and_validation_in_one_panel(client, submit):
    shown = words(plot(client, f"/v1/runs/{submit([1.0, 0.5], [0.9, 0.7])}/plot.svg"))
    assert shown[0] == "perceptron-or: failed"
    assert [word for word in shown if word.startswith(("loss", "train", "validation"))] == [
        "loss",
        "train: 0.5",
        "validation: 0.7",
    ]


def test_curves_that_span_decades_are_drawn_on_a_log_scale_unless_told(client, submit):
    path = f"/v1/runs/{submit([1.0, 0.001])}/plot.svg"
    assert "loss (log scale)" in words(plot(client, path))
    assert "loss (log scale)" not in words(plot(client, path, y="linear"))


def test_a_run_that_diverged_says_so(client, submit):
    shown = words(plot(client, f"/v1/runs/{submit([1.0, math.nan, math.inf])}/plot.svg"))
    assert "train has NaN or infinite values, from × on." in shown


def test_a_run_without_points_says_so(client, submit):
    assert "There are no points yet." in words(plot(client, f"/v1/runs/{submit(ends=False)}/plot.svg"))


def test_pictures_are_cached_and_change_with_the_run(client, worker):
    run_id = client.post("/v1/runs", json={"preset": "perceptron-or"}).json()["id"]
    claimed = worker.claim()
    worker.report(claimed, epoch__train__loss=[1.0])
    path = f"/v1/runs/{run_id}/plot.svg"
    first = plot(client, path)
    assert first.headers["cache-control"] == "private, no-cache"
    known = {"If-None-Match": first.headers["etag"]}
    assert client.get(path, params={"x": "step"}, headers=known).status_code == 304
    worker.report(claimed, epoch__train__loss=[1.0, 0.5])
    assert client.get(path, params={"x": "step"}, headers=known).status_code == 200
    worker.fail(claimed)
    assert plot(client, path).headers["cache-control"] == "private, max-age=300"


def test_runs_are_named_by_what_differs_and_seeds_are_averaged(client, submit):
    runs = [submit([1.0, value], seed=seed) for seed, value in ((1, 0.4), (2, 0.6))]
    runs.append(submit([1.0, 0.8], training={"epochs": 9}))
    shown = words(plot(client, "/v1/runs:plot.svg", runs=runs))
    assert [word for word in shown if word.startswith("seed ")] != []
    shown = words(plot(client, "/v1/runs:plot.svg", runs=runs, seeds=True))
    assert any(word.endswith("(n = 2)") for word in shown)
    assert any("epochs 9" in word for word in shown)


def test_groups_that_end_early_have_not_diverged(client, submit):
    runs = [
        submit(values, seed=seed, training={"epochs": len(values)}) for values in ([1.0], [1.0, 0.5]) for seed in (1, 2)
    ]
    assert "NaN or infinite" not in plot(client, "/v1/runs:plot.svg", runs=runs, seeds=True).text
    runs += [submit([1.0, math.nan], seed=seed, training={"epochs": 3}) for seed in (1, 2)]
    assert "NaN or infinite" in plot(client, "/v1/runs:plot.svg", runs=runs, seeds=True).text


def test_names_that_would_be_equal_have_the_end_of_the_id(client, submit):
    runs = [submit([1.0, 0.5], seed=1) for _ in range(2)]
    shown = words(plot(client, "/v1/runs:plot.svg", runs=runs))
    for run_id in runs:
        assert any(word.startswith(f"…{run_id[-8:]}") for word in shown)
    other = submit([1.0, 0.4], seed=2)
    shown = words(plot(client, "/v1/runs:plot.svg", runs=[*runs, other]))
    assert f"seed 1, …{runs[0][-8:]}: 0.5" in shown
    assert "seed 2: 0.4" in shown


def test_the_legend_names_the_best_first(client, submit):
    runs = [submit([1.0, value], seed=seed) for seed, value in ((1, 0.6), (2, 0.4))]
    shown = [word for word in words(plot(client, "/v1/runs:plot.svg", runs=runs)) if word.startswith("seed")]
    assert shown == ["seed 2: 0.4", "seed 1: 0.6"]


def test_of_many_runs_the_best_stand_out(client, submit):
    runs = [submit([1.0, 0.1 + number / 10], seed=number) for number in range(9)]
    shown = words(plot(client, "/v1/runs:plot.svg", runs=runs))
    assert "Grey: 3 others." in shown
    assert sum(word.startswith("seed ") for word in shown) == 6


def test_png_files_have_the_size_asked_for_and_text(client, submit):
    path = f"/v1/runs/{submit([1.0, 0.5])}/plot.png"
    picture = plot(client, path, width=400, scale=1).content
    assert picture.startswith(b"\x89PNG")
    assert int.from_bytes(picture[16:20]) == 400
    assert len(plot(client, path, width=400, scale=2).content) > len(picture)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"width": 10}, 422),
        ({"scale": 9}, 422),
        ({"y": "cubic"}, 422),
        ({"smoothing": 1}, 422),
        ({"keys": "epoch/train/los"}, 404),
        ({"theme": "none"}, 422),
    ],
)
def test_bad_queries_are_rejected(client, submit, query, status):
    path = f"/v1/runs/{submit([1.0])}/plot.svg"
    assert client.get(path, params={"x": "step"} | query).status_code == status


def test_unknown_runs_are_rejected(client):
    assert client.get(f"/v1/runs/{uuid4()}/plot.svg").status_code == 404
    assert client.get("/v1/runs:plot.png", params={"runs": str(uuid4())}).status_code == 404
    assert client.get("/v1/runs:plot.png").status_code == 422
