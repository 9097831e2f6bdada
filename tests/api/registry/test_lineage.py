"""Lineage of versions, comparison, lists in pages, and deletion."""

import math

import pytest

from db import model_versions

MODELS = "/v1/registry/models"

TABLE = {"name": "table", "dataset": "flowers", "version": 2, "sha256": "ab" * 32, "target": "species"}


@pytest.fixture
def upload(database, worker):
    """Register the files of a folder as an uploaded version; returns its number."""

    def upload(folder, name="line"):
        files = [worker.store.put(folder / file) for file in ("model.onnx", "signature.json")]
        with database.transaction() as session:
            return model_versions.register_upload(session, name, files)

    return upload


def stored_files(settings):
    return {path.name for path in settings.artifacts_dir.rglob("*") if path.is_file()}


def test_a_version_of_a_run_shows_where_it_comes_from(client, worker, make_line):
    metrics = {"test/loss": 0.25, "test/accuracy": math.nan, "epoch/train/loss": 0.5}
    run_id = str(worker.register("line", make_line(2.0), metrics=metrics, dataset=TABLE, seed=7))
    version = client.get(f"{MODELS}/line/versions/1").json()
    assert (version["source"], version["run_id"]) == ("run", run_id)
    run = {"id": run_id, "preset": None, "experiment": "tests", "seed": 7, "initial_weights_run": None}
    assert version["run"] == run
    assert version["data"] == {"source": "table", "dataset": "flowers", "version": 2, "sha256": "ab" * 32}
    run = client.get(f"/v1/runs/{run_id}").json()
    assert version["metrics"] == run["latest_metrics"]
    assert version["metrics"] == {"test/loss": 0.25, "test/accuracy": "NaN", "epoch/train/loss": 0.5}
    assert version["artifacts"] == run["artifacts"]
    assert version["links"] == {
        "run": f"/v1/runs/{run_id}",
        "spec": f"/v1/runs/{run_id}#/spec",
        "data": "/v1/datasets/flowers/versions/2",
        "predict": "/v1/models/line/versions/1:predict",
        "metadata": "/v1/models/line/versions/1/metadata",
    }


def test_built_in_data_has_no_version(client, worker, make_line):
    worker.register("line", make_line(2.0), dataset={"name": "iris", "version": 3})
    version = client.get(f"{MODELS}/line/versions/1").json()
    assert version["data"] == {"source": "iris", "dataset": None, "version": None, "sha256": None}
    assert version["links"]["data"] is None


def test_an_uploaded_version_has_files_but_no_run(client, worker, make_line, upload, settings):
    worker.register("line", make_line(2.0))
    folder = make_line(5.0)
    assert upload(folder) == 2
    version = client.get(f"{MODELS}/line/versions/2").json()
    assert [version[name] for name in ("source", "run_id", "run", "data", "metrics")] == [
        "upload",
        None,
        None,
        None,
        {},
    ]
    assert [(file["name"], file["num_bytes"], file["media_type"]) for file in version["artifacts"]] == [
        ("model.onnx", (folder / "model.onnx").stat().st_size, "application/onnx"),
        ("signature.json", (folder / "signature.json").stat().st_size, "application/json"),
    ]
    assert [version["links"][name] for name in ("run", "spec", "data")] == [None] * 3
    assert client.get(f"{MODELS}/line").json()["versions"][0]["source"] == "upload"
    answer = client.post(version["links"]["predict"], json={"instances": [[1]]})
    assert answer.json() == {"predictions": [[5.0]]}
    (settings.artifacts_dir / version["artifacts"][0]["sha256"][:2] / version["artifacts"][0]["sha256"]).unlink()
    assert client.get(f"{MODELS}/line/versions/2").json()["artifacts"][0]["num_bytes"] is None


def test_versions_come_in_pages_with_their_metrics(client, worker, make_line, upload):
    line = make_line(2.0)
    for loss in (0.5, 0.25):
        worker.register("line", line, metrics={"test/loss": loss, "train/loss": 0.1, "epoch/validation/loss": 1.0})
    upload(line)
    first = client.get(f"{MODELS}/line/versions", params={"limit": 2}).json()
    rest = client.get(f"{MODELS}/line/versions", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [(entry["version"], entry["metrics"]) for entry in (*first["items"], *rest["items"])] == [
        (3, {}),
        (2, {"epoch/validation/loss": 1.0, "test/loss": 0.25}),
        (1, {"epoch/validation/loss": 1.0, "test/loss": 0.5}),
    ]
    assert rest["next_cursor"] is None
    assert client.get(f"{MODELS}/lien/versions").status_code == 404
    assert client.get(f"{MODELS}/line/versions", params={"cursor": "x"}).status_code == 400


def test_models_come_in_pages_by_name(client, worker, make_line):
    line = make_line(2.0)
    for name in ("c", "a", "b", "a"):
        worker.register(name, line)
    assert [model["name"] for model in client.get(MODELS).json()["items"]] == ["a", "b", "c"]
    first = client.get(MODELS, params={"limit": 2}).json()
    rest = client.get(MODELS, params={"limit": 2, "cursor": first["next_cursor"]}).json()
    found = [(model["name"], model["latest_version"], model["num_versions"]) for model in first["items"]]
    assert found == [("a", 2, 2), ("b", 1, 1)]
    assert ([model["name"] for model in rest["items"]], rest["next_cursor"]) == (["c"], None)


def test_a_model_shows_its_newest_hundred_versions(client, database, make_line, upload):
    line = make_line(2.0)
    upload(line)
    with database.transaction() as session:
        for _ in range(100):
            model_versions.register_upload(session, "line", [])
        model_versions.register_upload(session, "other", [])
    model = client.get(f"{MODELS}/line").json()
    assert (model["latest_version"], model["num_versions"]) == (101, 101)
    assert [entry["version"] for entry in model["versions"]] == list(range(101, 1, -1))
    listed = client.get(MODELS).json()["items"]
    assert listed[0] == model
    assert [entry["version"] for entry in listed[1]["versions"]] == [1]


@pytest.fixture
def three(worker, make_line):
    """Three versions of `line`: the second is better by accuracy, the third has other data and another loss."""
    mean_squared = {"loss": {"name": "mean_squared_error"}, "epochs": 5}
    worker.register(
        "line",
        make_line(2.0),
        metrics={"test/loss": 0.5, "test/accuracy": 0.75, "test/auc": 0.5, "train/loss": 0.5},
        training=mean_squared,
        dataset={"name": "iris"},
    )
    worker.register(
        "line",
        make_line(5.0),
        metrics={"test/loss": 0.75, "test/accuracy": 0.875, "test/auc": math.nan, "test/size": 3.0},
        training=mean_squared | {"epochs": 9},
        dataset={"name": "iris"},
    )
    worker.register(
        "line",
        make_line(6.0),
        metrics={"test/loss": 0.5, "test/size": 4.0},
        training={"loss": {"name": "huber"}},
        dataset=TABLE,
    )


@pytest.mark.usefixtures("three")
def test_versions_are_compared_with_the_first(client):
    compared = client.get(f"{MODELS}/line:compare", params={"versions": "1,2"}).json()
    assert [entry["version"] for entry in compared["versions"]] == [1, 2]
    sizes = [
        next(file["num_bytes"] for file in version["artifacts"] if file["name"] == "model.onnx")
        for version in (client.get(f"{MODELS}/line/versions/{number}").json() for number in (1, 2))
    ]
    assert [entry["num_bytes"] for entry in compared["versions"]] == sizes
    found = {
        metric["key"]: (metric["higher_is_better"], metric["values"], *metric["changes"][0].values())
        for metric in compared["metrics"]
    }
    assert found == {
        "test/accuracy": (True, {"1": 0.75, "2": 0.875}, 2, 0.125, "better"),
        "test/auc": (True, {"1": 0.5, "2": "NaN"}, 2, None, "unknown"),
        "test/loss": (False, {"1": 0.5, "2": 0.75}, 2, 0.25, "worse"),
        "test/size": (None, {"2": 3.0}, 2, None, "unknown"),
    }
    assert compared["spec"] == [{"pointer": "/training/epochs", "values": {"1": 5, "2": 9}}]
    assert (compared["num_spec_differences"], compared["remarks"]) == (1, [])


@pytest.mark.usefixtures("three")
def test_a_comparison_remarks_what_makes_metrics_differ(client, upload, make_line):
    upload(make_line(7.0))
    compared = client.get(f"{MODELS}/line:compare", params={"versions": "3,1,4"}).json()
    loss = next(metric for metric in compared["metrics"] if metric["key"] == "test/loss")
    assert loss["values"] == {"3": 0.5, "1": 0.5}
    assert loss["changes"] == [
        {"version": 1, "difference": 0.0, "verdict": "same"},
        {"version": 4, "difference": None, "verdict": "unknown"},
    ]
    assert [entry["data"] and entry["data"]["source"] for entry in compared["versions"]] == ["table", "iris", None]
    values = {difference["pointer"]: difference["values"] for difference in compared["spec"]}
    assert values["/training/loss/name"] == {"3": "huber", "1": "mean_squared_error"}
    assert values["/dataset/target"] == {"3": "species"}
    uploads, data, losses = compared["remarks"]
    assert uploads == "Uploaded versions have no metrics, spec or data: 4."
    assert "different data" in data
    assert "different losses" in losses


@pytest.mark.usefixtures("three")
def test_uploads_alone_have_nothing_but_their_size_to_compare(client, upload, make_line):
    folder = make_line(7.0)
    upload(folder)
    upload(folder)
    compared = client.get(f"{MODELS}/line:compare", params={"versions": "4,5"}).json()
    assert (compared["metrics"], compared["spec"], compared["num_spec_differences"]) == ([], [], 0)
    assert [entry["num_bytes"] for entry in compared["versions"]] == [(folder / "model.onnx").stat().st_size] * 2


def test_many_differences_are_counted_and_cut(client, worker, make_line):
    for offset in (0, 1):
        worker.register("line", make_line(2.0 + offset), dataset={"rows": [[offset, 7] for _ in range(600)]})
    compared = client.get(f"{MODELS}/line:compare", params={"versions": "1,2"}).json()
    assert (len(compared["spec"]), compared["num_spec_differences"]) == (500, 600)
    assert compared["spec"][0] == {"pointer": "/dataset/rows/0/0", "values": {"1": 0, "2": 1}}


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("versions", "status"),
    [
        ("1", 422),
        ("1,1", 422),
        ("1,", 422),
        ("1,x", 422),
        ("0,1", 422),
        ("", 422),
        (",".join(map(str, range(1, 12))), 422),
        ("1,2" + ",3" * 200, 422),
        ("1,9", 404),
        ("9999999999,1", 404),
    ],
)
def test_a_comparison_of_what_cannot_be_compared_is_rejected(client, versions, status):
    assert client.get(f"{MODELS}/line:compare", params={"versions": versions}).status_code == status


def test_a_comparison_needs_versions_and_a_model(client, worker, make_line):
    worker.register("line", make_line(2.0))
    assert client.get(f"{MODELS}/line:compare").status_code == 422
    assert client.get(f"{MODELS}/lien:compare", params={"versions": "1,2"}).status_code == 404
    assert client.post(f"{MODELS}/line:compare").status_code == 405


def test_a_deleted_version_leaves_its_run(client, worker, make_line, settings):
    run_id = str(worker.register("line", make_line(2.0)))
    worker.register("line", make_line(5.0))
    before = stored_files(settings)
    deleted = client.delete(f"{MODELS}/line/versions/2")
    assert deleted.status_code == 200
    assert {**deleted.json(), "kept_run": None} == {
        "model": "line",
        "version": 2,
        "kept_run": None,
        "deleted_aliases": [],
        "changed_aliases": [],
        "newest_version": 1,
        "num_deleted_files": 0,
    }
    run = client.get(f"/v1/runs/{deleted.json()['kept_run']}").json()
    assert (run["state"], run["model_version"], run["links"]["predict"]) == ("succeeded", None, None)
    assert stored_files(settings) == before
    answer = client.post("/v1/models/line:predict", json={"instances": [[1]]})
    assert (answer.json(), answer.headers["x-model-version"]) == ({"predictions": [[2.0]]}, "1")
    assert client.get(f"/v1/runs/{run_id}").json()["model_version"] == {"name": "line", "version": 1}
    assert client.delete(f"{MODELS}/line/versions/2").status_code == 404
    assert client.delete(f"{MODELS}/line/versions/first").status_code == 404


def test_a_deleted_upload_takes_its_files(client, make_line, upload, settings):
    upload(make_line(2.0))
    upload(make_line(5.0))
    assert client.post("/v1/models/line:predict", json={"instances": [[1]]}).json() == {"predictions": [[5.0]]}
    # Both have the same signature.
    assert len(stored_files(settings)) == 3
    deleted = client.delete(f"{MODELS}/line/versions/2").json()
    assert (deleted["kept_run"], deleted["num_deleted_files"]) == (None, 1)
    assert len(stored_files(settings)) == 2
    assert client.post("/v1/models/line:predict", json={"instances": [[1]]}).json() == {"predictions": [[2.0]]}
    assert client.delete(f"{MODELS}/line/versions/1").json()["num_deleted_files"] == 2
    assert stored_files(settings) == set()
    assert client.post("/v1/models/line:predict", json={"instances": [[1]]}).status_code == 404


def test_files_of_an_upload_that_a_run_left_too_stay_with_either(client, worker, make_line, upload, settings):
    folder = make_line(2.0)
    run_id = worker.register("line", folder)
    upload(folder)
    client.delete(f"/v1/runs/{run_id}")
    assert len(stored_files(settings)) == 2
    assert client.post("/v1/models/line:predict", json={"instances": [[1]]}).json() == {"predictions": [[2.0]]}


@pytest.mark.parametrize("alias", [{"version": 2}, {"versions": {"1": 1, "2": 1}}, {"version": 1, "shadow": 2}])
def test_a_version_that_an_alias_uses_is_deleted_by_force_only(client, worker, make_line, alias):
    for slope in (2.0, 5.0):
        worker.register("line", make_line(slope))
    path = f"{MODELS}/line/aliases/live"
    client.put(path, json=alias)
    refused = client.delete(f"{MODELS}/line/versions/2")
    assert (refused.status_code, refused.json()["code"]) == (409, "version_served")
    assert "?force=true" in refused.json()["detail"]
    run_id = client.get(f"{MODELS}/line/versions/2").json()["run_id"]
    assert client.delete(f"/v1/runs/{run_id}").status_code == 409
    deleted = client.delete(f"{MODELS}/line/versions/2", params={"force": "true"}).json()
    is_gone = alias == {"version": 2}
    expected = (["live"], []) if is_gone else ([], ["live"])
    assert (deleted["deleted_aliases"], deleted["changed_aliases"]) == expected
    left = client.get(path)
    if is_gone:
        assert left.status_code == 404
    else:
        assert {name: left.json()[name] for name in ("version", "versions", "shadow")} == {
            "version": 1,
            "versions": None,
            "shadow": None,
        }
    assert client.get(f"{path}/history").json()["items"][0]["action"] == "version_deleted"


def test_a_run_that_is_deleted_by_force_says_which_aliases_go_on(client, worker, make_line):
    run_ids = [worker.register("line", make_line(slope)) for slope in (2.0, 5.0)]
    client.put(f"{MODELS}/line/aliases/live", json={"versions": {"1": 1, "2": 1}})
    client.put(f"{MODELS}/line/aliases/next", json={"version": 2})
    deleted = client.delete(f"/v1/runs/{run_ids[1]}", params={"force": "true"}).json()["model_version"]
    assert (deleted["aliases"], deleted["changed_aliases"]) == (["next"], ["live"])


def test_a_model_is_deleted_once_nothing_serves_it(client, worker, make_line, upload, settings):
    run_id = str(worker.register("line", make_line(2.0)))
    upload(make_line(5.0))
    client.put(f"{MODELS}/line/aliases/live", json={"version": 1})
    refused = client.delete(f"{MODELS}/line")
    assert (refused.status_code, refused.json()["code"]) == (409, "version_served")
    client.delete(f"{MODELS}/line/aliases/live")
    deleted = client.delete(f"{MODELS}/line")
    assert deleted.json() == {
        "model": "line",
        "versions": [2, 1],
        "kept_runs": [run_id],
        "deleted_aliases": [],
        "num_deleted_files": 1,
    }
    assert len(stored_files(settings)) == 3
    assert client.get(f"{MODELS}/line").status_code == 404
    assert client.post("/v1/models/line:predict", json={"instances": [[1]]}).status_code == 404
    assert client.get(f"{MODELS}/line/aliases/live/history").status_code == 404
    assert client.get(f"/v1/runs/{run_id}").json()["model_version"] is None
    assert client.delete(f"{MODELS}/line").status_code == 404


def test_a_model_is_deleted_by_force_with_its_aliases(client, worker, make_line):
    worker.register("line", make_line(2.0))
    client.put(f"{MODELS}/line/aliases/live", json={"version": 1})
    assert client.delete(f"{MODELS}/line", params={"force": "true"}).json()["deleted_aliases"] == ["live"]


def test_deletion_needs_an_admins_key(locked_client, worker, make_line, keep_key, admin_key):
    worker.register("line", make_line(2.0))
    headers = {"X-API-Key": keep_key("read", "submit", "predict")}
    for path in (f"{MODELS}/line", f"{MODELS}/line/versions/1"):
        assert locked_client.delete(path, headers=headers).status_code == 403
    assert locked_client.delete(f"{MODELS}/line", headers={"X-API-Key": admin_key}).status_code == 200
