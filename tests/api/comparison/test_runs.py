import math
from uuid import uuid4

import pytest


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request):
    """Differences, series and groups are read by the statements of both."""
    return request.param


@pytest.fixture
def submit(client, worker):
    """Submit and end a run with points of the loss on validation samples; returns its id."""

    def make(losses=(), *, ends=True, **overrides):
        answer = client.post("/v1/runs", json={"preset": "perceptron-or", "overrides": overrides})
        assert answer.status_code == 202, answer.text
        claimed = worker.claim()
        if losses:
            worker.report(claimed, epoch__validation__loss=list(losses))
        if ends:
            worker.fail(claimed, detail="Ended by the test.")
        return answer.json()["id"]

    return make


def compare(client, run_ids, **options):
    answer = client.post("/v1/runs:compare", json={"runs": run_ids} | options)
    assert answer.status_code == 200, answer.text
    return answer.json()


def places(answer):
    return [(item["run_id"], item["rank"], item["unranked"], item["value"]) for item in answer["items"]]


def test_runs_are_ranked_best_first_and_those_without_a_rank_come_last(client, submit):
    late = submit([0.4, 0.3], ends=False)
    none = submit()
    diverged = submit([math.nan, math.nan])
    second, first, tied = submit([0.5, 0.2, 0.6]), submit([0.1]), submit([0.2])
    answer = compare(client, [late, none, diverged, second, first, tied])
    assert places(answer) == [
        (first, 1, None, 0.1),
        (second, 2, None, 0.2),
        (tied, 2, None, 0.2),
        (late, None, "unfinished", 0.3),
        (diverged, None, "not_finite", "NaN"),
        (none, None, "no_points", None),
    ]
    assert answer["metric"] == {
        "key": "epoch/validation/loss",
        "statistic": "best",
        "direction": "min",
        "is_default": True,
    }
    assert [item["step"] for item in answer["items"]] == [1, 2, 1, 2, None, None]
    assert answer["items"][1]["metrics"]["epoch/validation/loss"]["last"] == 0.6


def test_last_values_and_another_direction_are_used_if_asked_for(client, submit):
    one, two = submit([0.5, 0.1]), submit([0.4, 0.2])
    answer = compare(client, [one, two], statistic="last", direction="max")
    assert places(answer) == [(two, 1, None, 0.2), (one, 2, None, 0.1)]


def test_only_what_differs_is_listed(client, submit):
    one = submit(training={"optimizer": {"name": "sgd", "momentum": 0.5}})
    two = submit(training={"optimizer": {"name": "adam"}}, seed=7)
    differences = {entry["path"]: entry for entry in compare(client, [one, two])["differences"]}
    assert {path for path in differences if "optimizer" not in path} == {"seed"}
    assert differences["training.optimizer.name"] == {
        "path": "training.optimizer.name",
        "values": {one: "sgd", two: "adam"},
        "long": {},
        "missing": [],
    }
    assert differences["training.optimizer.momentum"]["values"] == {one: 0.5}
    assert differences["training.optimizer.momentum"]["missing"] == [two]


def test_seeds_are_grouped_and_runs_of_one_seed_count_once(client, submit):
    seeds = [submit([0.2], seed=1), submit([0.4], seed=1), submit([0.5], seed=2), submit([0.1], seed=3, ends=False)]
    other = submit([0.7], training={"epochs": 9})
    answer = compare(client, [*seeds, other], confidence=0.9)
    group, alone = answer["groups"]
    assert (group["run_ids"], group["seeds"], group["left_out"]) == (seeds, [1, 1, 2, 3], [seeds[3]])
    # Seed 1 counts as 0.3, so the mean of 0.3 and 0.5; s is 0.2/√2; t of one degree at 0.95 is 6.3138.
    assert (group["n"], group["rank"]) == (2, 1)
    assert group["mean"] == pytest.approx(0.4)
    assert group["stddev"] == pytest.approx(0.2 / math.sqrt(2))
    assert group["high"] == pytest.approx(0.4 + 6.3138 * 0.1, rel=1e-4)
    assert (alone["run_ids"], alone["n"], alone["mean"], alone["stddev"], alone["rank"]) == ([other], 1, 0.7, None, 2)


def test_a_seed_that_diverged_is_not_left_out_of_the_mean(client, submit):
    runs = [submit([0.2], seed=1), submit([math.nan], seed=2)]
    (group,) = compare(client, runs)["groups"]
    assert (group["n"], group["mean"], group["rank"], group["left_out"]) == (2, "NaN", None, [])


def test_losses_of_different_functions_come_with_a_warning(client, submit):
    one, two = submit([0.1]), submit([0.2], training={"loss": "mean_absolute_error"})
    (warning,) = compare(client, [one, two])["warnings"]
    assert warning["code"] == "losses_differ"
    assert "training.loss" in warning["detail"]
    assert compare(client, [one, one])["warnings"] == []


def test_runs_that_do_not_exist_are_listed(client, submit):
    run_id, unknown = submit([0.1]), str(uuid4())
    answer = compare(client, [unknown, run_id])
    assert places(answer) == [(run_id, 1, None, 0.1)]
    assert [(gap["run_id"], gap["code"]) for gap in answer["missing"]] == [(unknown, "unknown_run")]


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({"runs": []}, 422, "/runs"),
        ({"runs": ["1"]}, 422, "/runs/0"),
        ({"runs": [str(uuid4())] * 1_001}, 422, "/runs"),
        ({"runs": [str(uuid4())]}, 404, None),
        ({"metric": ""}, 422, "/metric"),
        ({"metric": "epoch/validation/los"}, 404, None),
        ({"metric": "odd"}, 422, "/direction"),
        ({"statistic": "mean"}, 422, "/statistic"),
        ({"direction": "up"}, 422, "/direction"),
        ({"keys": [""]}, 422, "/keys/0"),
        ({"keys": ["none/*"]}, 404, None),
        ({"confidence": 1}, 422, "/confidence"),
        ({"metrics": "loss"}, 422, "/metrics"),
    ],
)
def test_bad_requests_are_rejected_where_they_are_wrong(client, worker, body, status, pointer):
    run_id = client.post("/v1/runs", json={"preset": "perceptron-or"}).json()["id"]
    claimed = worker.claim()
    worker.report(claimed, odd=[1.0], epoch__validation__loss=[0.5])
    worker.fail(claimed)
    answer = client.post("/v1/runs:compare", json={"runs": [run_id]} | body)
    assert answer.status_code == status, answer.text
    if pointer is not None:
        assert [problem["pointer"] for problem in answer.json()["errors"]] == [pointer]
    if body.get("metric") == "epoch/validation/los":
        assert "Did you mean 'epoch/validation/loss'?" in answer.json()["detail"]
