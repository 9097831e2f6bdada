import math
from datetime import datetime

import pytest


@pytest.fixture
def curves(client, worker):
    """The path of a run's metrics, with curves of ten and of three points."""
    run_id = client.post("/v1/runs", json={"preset": "perceptron-or"}).json()["id"]
    worker.report(
        worker.claim(),
        train__loss=[1.0, 0.5, math.nan, 0.25, 4.0, math.inf, 0.125, 0.5, 0.5, 0.25],
        epoch__train__loss=[3.0, 2.0, 1.0],
    )
    return f"/v1/runs/{run_id}/metrics"


def test_metrics_are_listed_in_numbers(client, curves):
    answer = client.get(curves)
    assert answer.json() == {
        "items": [
            {
                "key": "epoch/train/loss",
                "count": 3,
                "first": 3.0,
                "last": 1.0,
                "last_step": 3,
                "min": 1.0,
                "min_step": 3,
                "max": 3.0,
                "max_step": 1,
                "best": 1.0,
                "best_step": 3,
            },
            {
                "key": "train/loss",
                "count": 10,
                "first": 1.0,
                "last": 0.25,
                "last_step": 10,
                "min": 0.125,
                "min_step": 7,
                "max": "Infinity",
                "max_step": 6,
                "best": 0.125,
                "best_step": 7,
            },
        ]
    }


def test_a_short_curve_comes_whole_with_words_for_what_is_no_number(client, curves):
    answer = client.get(f"{curves}/history?keys=train/loss")
    (curve,) = answer.json()["series"]
    assert curve["x"] == list(range(1, 11))
    assert curve["y"] == [1.0, 0.5, "NaN", 0.25, 4.0, "Infinity", 0.125, 0.5, 0.5, 0.25]
    assert (curve["total"], curve["downsampled"], curve["y_min"], curve["y_max"]) == (10, False, None, None)


def test_a_long_curve_is_thinned(client, curves):
    query = {"keys": "train/loss", "max_points": 5}
    (curve,) = client.get(f"{curves}/history", params=query).json()["series"]
    # Each pair of steps: its last value, and the least and greatest of both.
    assert curve["x"] == [2, 4, 6, 8, 10]
    assert curve["y"] == [0.5, 0.25, "Infinity", 0.5, 0.25]
    assert curve["y_min"] == [0.5, 0.25, 4.0, 0.125, 0.25]
    assert curve["y_max"] == [1.0, 0.25, "Infinity", 0.5, 0.5]
    assert (curve["total"], curve["downsampled"]) == (10, True)
    (chosen,) = client.get(f"{curves}/history", params=query | {"mode": "lttb"}).json()["series"]
    assert len(chosen["x"]) <= 5
    (raw,) = client.get(f"{curves}/history", params=query | {"mode": "raw"}).json()["series"]
    assert len(raw["x"]) == 10


@pytest.mark.parametrize(
    "query",
    [
        "keys=train/loss,epoch/train/loss",
        "keys=train/loss&keys=epoch/train/loss",
        "keys=train/loss,epoch/train/loss,train/loss,",
    ],
)
def test_keys_are_separated_by_commas_or_repeated(client, curves, query):
    series = client.get(f"{curves}/history?{query}").json()["series"]
    assert [curve["key"] for curve in series] == ["train/loss", "epoch/train/loss"]


def test_without_keys_every_curve_is_shown(client, curves):
    answer = client.get(f"{curves}/history").json()
    assert answer["run_id"] == curves.split("/")[3]
    assert [curve["key"] for curve in answer["series"]] == ["epoch/train/loss", "train/loss"]


def test_a_metric_that_has_no_points_is_an_empty_curve(client, curves):
    (curve,) = client.get(f"{curves}/history?keys=test/loss").json()["series"]
    assert (curve["x"], curve["y"], curve["total"]) == ([], [], 0)


@pytest.mark.parametrize(
    "query",
    [
        "max_points=2",
        "max_points=100001",
        "mode=mean",
        "key=train/loss",
        "x=hour",
        "smoothing=1",
        "smoothing=nan",
        "x_min=inf",
    ],
)
def test_an_invalid_query_is_rejected(client, curves, query):
    answer = client.get(f"{curves}/history?{query}")
    assert answer.status_code == 422
    assert query.partition("=")[0] in answer.json()["detail"]


def test_an_unknown_metric_of_an_ended_run_is_reported_with_the_nearest(client, worker):
    ended = client.post("/v1/runs", json={"preset": "perceptron-or"}).json()["id"]
    claimed = worker.claim()
    worker.report(claimed, train__loss=[1.0])
    worker.fail(claimed)
    answer = client.get(f"/v1/runs/{ended}/metrics/history?keys=train/los")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_metric")
    assert "Did you mean 'train/loss'?" in answer.json()["detail"]
    assert client.get(f"/v1/runs/{ended}/metrics/history?keys=t*s").json()["series"][0]["key"] == "train/loss"


def test_curves_are_shown_by_epoch_and_by_time(client, curves):
    by_epoch = client.get(f"{curves}/history?x=epoch&keys=train/loss&max_points=5").json()
    # The preset trains on all samples at once; its first epoch ended at step 1.
    assert (by_epoch["x"], by_epoch["steps_per_epoch"], by_epoch["time_origin"]) == ("epoch", 1, None)
    assert by_epoch["series"][0]["x"] == [2.0, 4.0, 6.0, 8.0, 10.0]
    by_time = client.get(f"{curves}/history?x=time&keys=train/loss").json()
    began = datetime.fromisoformat(by_time["time_origin"])
    run = client.get(curves.removesuffix("/metrics")).json()
    assert began == datetime.fromisoformat(run["started_at"])
    # The worker of this test measures from 1970 on.
    places = [began.timestamp() + x for x in by_time["series"][0]["x"]]
    assert places == pytest.approx([float(second) for second in range(10)])


def test_curves_are_smoothed_over_all_of_their_points(client, curves):
    query = {"keys": "train/loss", "smoothing": 0.5}
    (whole,) = client.get(f"{curves}/history", params=query).json()["series"]
    # 1; (1·½ + 0.5)/1.5; NaN stays; (1·¼ + 0.5·½ + 0.25)/1.75.
    assert whole["smoothed"][:2] + whole["smoothed"][3:4] == pytest.approx([1.0, 2 / 3, 3 / 7])
    assert (whole["smoothed"][2], whole["smoothed"][5]) == ("NaN", "Infinity")
    (thinned,) = client.get(f"{curves}/history", params=query | {"max_points": 5}).json()["series"]
    assert thinned["smoothed"] == whole["smoothed"][1::2]
    (window,) = client.get(f"{curves}/history", params=query | {"x_min": 4, "x_max": 7.5}).json()["series"]
    assert (window["x"], window["smoothed"]) == ([4, 5, 6, 7], whole["smoothed"][3:7])


def test_unchanged_curves_are_not_sent_again(client, curves):
    answer = client.get(f"{curves}/history")
    etag = answer.headers["etag"]
    again = client.get(f"{curves}/history", headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert client.get(f"{curves}/history?x=time", headers={"If-None-Match": etag}).status_code == 200


def test_a_window_that_is_empty_is_rejected(client, curves):
    answer = client.get(f"{curves}/history?x_min=3&x_max=2")
    assert answer.status_code == 400
    assert "x_min=3 to x_max=2" in answer.json()["detail"]
