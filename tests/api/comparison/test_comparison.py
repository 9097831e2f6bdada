import gzip
import math
from uuid import uuid4

import orjson
import pytest
from backports import zstd

from api.comparison.schemas import MAX_KEYS


@pytest.fixture
def run_ids(client, worker):
    """Two runs that differ in the seed alone, the second shorter."""
    found = []
    for seed, losses in ((1, [1.0, 0.5, math.nan]), (2, [3.0, 1.5])):
        body = {"preset": "perceptron-or", "overrides": {"seed": seed}}
        found.append(client.post("/v1/runs", json=body).json()["id"])
        worker.report(worker.claim(), train__loss=losses)
    return found


def compare(client, run_ids, keys=("train/loss",), **options):
    return client.post("/v1/metrics:compare", json={"runs": run_ids, "keys": list(keys)} | options)


def test_curves_are_aligned(client, run_ids):
    answer = compare(client, run_ids).json()
    assert (answer["x"], answer["missing"]) == ("step", [])
    (metric,) = answer["metrics"]
    assert (metric["key"], metric["x"], metric["averages"]) == ("train/loss", [1, 2, 3], [])
    assert [(curve["run_id"], curve["x"], curve["y"], curve["total"]) for curve in metric["curves"]] == [
        (run_ids[0], None, [1.0, 0.5, "NaN"], 3),
        (run_ids[1], None, [3.0, 1.5, None], 2),
    ]


def test_seeds_are_averaged(client, run_ids):
    answer = compare(client, run_ids, average="seeds", confidence=0.9).json()
    (metric,) = answer["metrics"]
    (average,) = metric["averages"]
    assert (metric["curves"], answer["confidence"]) == ([], 0.9)
    assert (average["run_ids"], average["seeds"]) == (run_ids, [1, 2])
    assert (average["n"], average["mean"]) == ([2, 2, 1], [2.0, 1.0, "NaN"])
    # Differences of 2 and 1 from each other: s is 2/√2 and 1/√2; t of one degree at 0.95 is 6.3138.
    assert average["stddev"][:2] == pytest.approx([math.sqrt(2), math.sqrt(0.5)])
    assert average["high"][:2] == pytest.approx([2 + 6.3138, 1 + 6.3138 / 2], rel=1e-4)
    assert (average["stddev"][2], average["low"][2], average["high"][2]) == (None, None, None)


def test_curves_that_are_not_aligned_have_columns_of_their_own(client, run_ids):
    (metric,) = compare(client, run_ids, align=False, smoothing=0.5).json()["metrics"]
    assert metric["x"] is None
    assert metric["curves"][1]["x"] == [1, 2]
    # (3·½ + 1.5)/(½ + 1).
    assert metric["curves"][1]["smoothed"] == pytest.approx([3.0, 2.0])


def test_runs_that_do_not_exist_are_listed(client, run_ids):
    unknown = str(uuid4())
    answer = compare(client, [unknown, run_ids[1]], ["train/loss", "test/*"]).json()
    assert [(gap["run_id"], gap["key"], gap["code"]) for gap in answer["missing"]] == [
        (unknown, None, "unknown_run"),
        (run_ids[1], "test/*", "no_points"),
    ]


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({"runs": []}, 422, "/runs"),
        ({"runs": ["1"]}, 422, "/runs/0"),
        ({"runs": [str(uuid4())] * 1_001}, 422, "/runs"),
        ({"runs": [str(uuid4())]}, 404, None),
        ({"keys": []}, 422, "/keys"),
        ({"keys": [""]}, 422, "/keys/0"),
        ({"keys": ["a"] * (MAX_KEYS + 1)}, 422, "/keys"),
        ({"max_points": 2}, 422, "/max_points"),
        ({"max_points": 100_001}, 422, "/max_points"),
        ({"smoothing": 1}, 422, "/smoothing"),
        ({"x": "hour"}, 422, "/x"),
        ({"x_min": 2, "x_max": 1}, 400, None),
        ({"confidence": 1}, 422, "/confidence"),
        ({"average": "runs"}, 422, "/average"),
        ({"average": "seeds", "align": False}, 422, "/align"),
        ({"run": "1"}, 422, "/run"),
    ],
)
def test_bad_requests_are_rejected_where_they_are_wrong(client, run_ids, body, status, pointer):
    answer = client.post("/v1/metrics:compare", json={"runs": run_ids, "keys": ["train/loss"]} | body)
    assert answer.status_code == status, answer.text
    if pointer is not None:
        assert [problem["pointer"] for problem in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize(("coding", "unpack"), [("gzip", gzip.decompress), ("zstd", zstd.decompress)])
def test_large_answers_are_packed(client, worker, coding, unpack):
    run_id = client.post("/v1/runs", json={"preset": "perceptron-or"}).json()["id"]
    worker.report(worker.claim(), train__loss=[step / 7 for step in range(1_000)])
    request = client.build_request(
        "POST",
        "/v1/metrics:compare",
        json={"runs": [run_id], "keys": ["train/loss"], "max_points": 1_000},
        headers={"Accept-Encoding": f"deflate, {coding};q=0.5"},
    )
    answer = client.send(request, stream=True)
    packed = b"".join(answer.iter_raw())
    assert (answer.headers["content-encoding"], answer.headers["vary"]) == (coding, "Accept-Encoding")
    plain = unpack(packed)
    assert len(packed) < len(plain) / 2
    assert len(orjson.loads(plain)["metrics"][0]["x"]) == 1_000
