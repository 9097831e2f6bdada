import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import Path

import pytest

from storage.dataset_folders import DatasetFolders

SPEC = {
    "name": "pets",
    "dataset": {"name": "images", "dataset": "pets"},
    "model": {"kind": "mlp", "layers": [{"units": 2, "activation": "softmax"}]},
    "training": {"loss": "sparse_categorical_crossentropy", "epochs": 1},
}


pytestmark = pytest.mark.usefixtures("stand_in")


@pytest.fixture
def store(settings):
    return DatasetFolders(settings.datasets_dir)


def upload(client, content=b"zip 1", name="pets", **parameters):
    return client.post(f"/v1/datasets/{name}/versions", content=content, params=parameters)


def stored(settings):
    return sorted(path.name for path in (settings.datasets_dir / "uploads").rglob("*") if path.is_file())


def is_alive(pid):
    with suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    return False


def wait_until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_upload_becomes_a_version_with_a_description(client, settings):
    answer = client.post("/v1/datasets", content=b"zip 1", params={"name": "pets", "filename": "pets.zip"})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == "/v1/datasets/pets/versions/1"
    uploaded = answer.json()
    assert (uploaded["name"], uploaded["version"], uploaded["kind"], uploaded["format"]) == ("pets", 1, "images", "zip")
    assert (uploaded["num_bytes"], uploaded["filename"], uploaded["summary"]) == (
        5,
        "pets.zip",
        "40 images of 2 classes",
    )
    assert uploaded["sha256"] == hashlib.sha256(b"zip 1").hexdigest()
    assert [entry["value"] for entry in uploaded["description"]["classes"]] == ["cat", "dog"]
    assert uploaded["warnings"] == [{"code": "files_ignored", "pointer": "/sample", "detail": "Look at this."}]
    assert client.get(answer.headers["Location"]).json() == uploaded
    assert stored(settings) == ["description.json", "images.bin", "original"]


def test_the_same_bytes_are_the_same_version_and_others_the_next(client):
    first, again, other = upload(client), upload(client), upload(client, b"zip 2")
    assert [answer.status_code for answer in (first, again, other)] == [201, 200, 201]
    assert [answer.json()["version"] for answer in (first, again, other)] == [1, 1, 2]
    shown = client.get("/v1/datasets/pets").json()
    assert [version["version"] for version in shown["versions"]] == [2, 1]
    assert shown["newest"] == other.json()
    assert (shown["version"], shown["num_versions"]) == (2, 2)


def test_the_same_bytes_under_another_name_are_stored_once(client, settings):
    upload(client)
    assert upload(client, name="others").json()["version"] == 1
    assert stored(settings) == ["description.json", "images.bin", "original"]
    assert client.delete("/v1/datasets/pets").status_code == 204
    assert client.get("/v1/datasets/others/versions/1/content").content == b"zip 1"
    assert client.delete("/v1/datasets/others/versions/1").status_code == 204
    assert stored(settings) == []
    assert client.get("/v1/datasets/pets").status_code == 404


def test_uploads_are_listed_by_pages_after_what_is_built_in(client):
    for name in ("pets", "lines"):
        upload(client, name=name)
    first = client.get("/v1/datasets", params={"limit": 1}).json()
    assert [item["name"] for item in first["items"] if item["kind"] != "built_in"] == ["lines"]
    assert first["items"][0]["kind"] == "built_in"
    rest = client.get("/v1/datasets", params={"limit": 1, "cursor": first["next_cursor"]}).json()
    assert [(item["name"], item["kind"], item["version"]) for item in rest["items"]] == [("pets", "images", 1)]
    assert rest["next_cursor"] is None


def test_what_is_built_in_is_shown_and_stays(client):
    shown = client.get("/v1/datasets/iris").json()
    assert (shown["kind"], shown["versions"], shown["newest"]) == ("built_in", [], None)
    for answer in (upload(client, name="iris"), client.delete("/v1/datasets/digits")):
        assert answer.status_code == 409
        assert "is built in" in answer.json()["detail"]
    assert client.get("/v1/datasets/iris/versions/1").status_code == 404


def test_the_bytes_come_back_whole_in_parts_and_not_twice(client):
    upload(client, filename="a “b”.csv")
    path = "/v1/datasets/pets/versions/1/content"
    whole = client.get(path)
    assert whole.content == b"zip 1"
    assert whole.headers["Content-Type"] == "application/octet-stream"
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    assert whole.headers["Content-Disposition"] == "attachment; filename*=UTF-8''a%20%E2%80%9Cb%E2%80%9D.csv"
    part = client.get(path, headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, b"p 1")
    assert client.get(path, headers={"If-None-Match": whole.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize("name", ["Points", "a/b", "..", "", "a" * 65, "-a", "a b"])
def test_invalid_names_are_rejected(client, name):
    answer = client.post("/v1/datasets", content=b"zip", params={"name": name})
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_parameter"


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"refuse", 422, "ragged_rows"),
        (b"", 422, "empty"),
        (b"die", 422, "reading_ended"),
        (b"full", 507, "disk_full"),
        (b"fail", 500, "error"),
        (b"babble", 500, "error"),
    ],
)
def test_nothing_is_stored_of_an_invalid_upload(client, settings, content, status, code):
    answer = upload(client, content)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert stored(settings) == []
    assert list((settings.datasets_dir / "uploads").iterdir()) == []
    assert client.get("/v1/datasets/pets").status_code == 404


def test_an_upload_that_is_too_large_is_rejected(make_client, make_settings):
    settings = make_settings(max_dataset_bytes=8)
    answer = upload(make_client(settings), b"zip" + b" " * 6)
    assert answer.status_code == 413
    assert "TRAINYARD_MAX_DATASET_BYTES" in answer.json()["detail"]
    assert stored(settings) == []


def test_a_body_of_several_parts_that_is_no_form_is_not_treated_as_a_file(client, settings):
    headers = {"Content-Type": "multipart/mixed; boundary=x"}
    answer = client.post("/v1/datasets/pets/versions", content=b"--x\r\n\r\nzip\r\n--x--\r\n", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "multipart_form")
    assert stored(settings) == []


def test_a_full_disk_takes_nothing_more(client, settings, monkeypatch):
    monkeypatch.setattr(DatasetFolders, "free_bytes", lambda _: 100 * 1024 * 1024)
    answer = upload(client)
    assert (answer.status_code, answer.json()["code"]) == (507, "disk_full")
    assert stored(settings) == []


def test_reading_that_takes_too_long_is_ended_with_its_children(make_client, make_settings, tmp_path):
    settings = make_settings(ingest_timeout_seconds=1.5)
    answer = upload(make_client(settings), f"hang {tmp_path / 'pids'}".encode())
    assert (answer.status_code, answer.json()["code"]) == (422, "too_slow")
    pids = (tmp_path / "pids").read_text().split()
    wait_until(lambda: not any(map(is_alive, pids)))
    assert stored(settings) == []


def test_the_parser_gets_no_secrets(make_client, make_settings, tmp_path, monkeypatch):
    monkeypatch.setenv("TRAINYARD_DATABASE_URL", "sqlite:///secret")
    upload(make_client(make_settings()), f"environment {tmp_path / 'environment'}".encode())
    environment = json.loads((tmp_path / "environment").read_text())
    assert not [name for name in environment if "TRAINYARD" in name or "KEY" in name or "PASSWORD" in name]
    assert environment["TMPDIR"].startswith(str(tmp_path / "datasets" / "uploads"))


def test_files_of_a_process_that_died_are_removed_at_the_next_start(make_client, settings, store):
    other = store.open()
    dead = store.open()
    os.close(dead._lock)
    make_client(settings)
    assert [path.name for path in store.root.iterdir()] == [other.path.name]
    other.discard()


def test_a_spec_that_names_an_upload_is_pinned_to_its_bytes(client):
    uploaded = upload(client).json()
    upload(client, b"zip 2")
    for dataset, version in (({}, 2), ({"version": 1}, 1), ({"version": 1, "sha256": uploaded["sha256"]}, 1)):
        spec = SPEC | {"dataset": SPEC["dataset"] | dataset}
        run = client.post("/v1/runs", json={"spec": spec})
        assert run.status_code == 202, run.text
        kept = client.get(run.headers["Location"]).json()["spec"]["dataset"]
        assert (kept["version"], kept["sha256"] == uploaded["sha256"]) == (version, version == 1)
        checked = client.post("/v1/specs:validate", json={"spec": spec}).json()
        assert checked["spec"]["dataset"] == kept


@pytest.mark.parametrize(
    ("dataset", "pointer", "words"),
    [
        (
            {"dataset": "pet"},
            "/spec/dataset/dataset",
            "Did you mean 'pets'? Upload it: trainyard data add pet FILE",
        ),
        ({"version": 3}, "/spec/dataset/version", "has no version 3. It has 1."),
        ({"sha256": "0" * 64}, "/spec/dataset/sha256", "not the one given"),
    ],
)
def test_a_spec_with_an_unknown_dataset_is_rejected(client, dataset, pointer, words):
    upload(client)
    spec = SPEC | {"dataset": SPEC["dataset"] | dataset}
    for path in ("/v1/runs", "/v1/specs:validate"):
        answer = client.post(path, json={"spec": spec})
        assert answer.status_code == 422
        (problem,) = answer.json()["errors"]
        assert problem["pointer"] == pointer
        assert words in problem["detail"]


def test_data_that_queued_runs_learn_from_are_not_deleted(client):
    upload(client)
    run = client.post("/v1/runs", json={"spec": SPEC}).json()
    for path in ("/v1/datasets/pets", "/v1/datasets/pets/versions/1"):
        answer = client.delete(path)
        assert answer.status_code == 409
        assert run["id"] in answer.json()["detail"]
    client.post(f"/v1/runs/{run['id']}:cancel")
    assert client.delete("/v1/datasets/pets").status_code == 204


def test_the_example_spec_can_be_run(client):
    example = upload(client).json()["example_spec"]
    assert (example["dataset"]["version"], example["model"]["kind"]) == (1, "cnn")
    assert client.post("/v1/runs", json={"spec": example}).status_code == 202


def test_a_repeated_submission_is_answered_as_before_also_once_its_data_are_gone(client):
    upload(client)
    request = {"json": {"spec": SPEC}, "headers": {"Idempotency-Key": "a1"}}
    first = client.post("/v1/runs", **request)
    client.post(f"/v1/runs/{first.json()['id']}:cancel")
    assert client.delete("/v1/datasets/pets").status_code == 204
    again = client.post("/v1/runs", **request)
    assert (again.status_code, again.text) == (202, first.text)
    assert client.post("/v1/runs", json={"spec": SPEC}).status_code == 422


def test_a_repeated_upload_is_answered_as_the_first_time(client):
    request = {"url": "/v1/datasets/pets/versions?filename=pets.csv", "headers": {"Idempotency-Key": "a1"}}
    first = client.post(content=b"a,b\n1,2\n3,4\n", **request)
    again = client.post(content=b"a,b\n1,2\n3,4\n", **request)
    assert (again.status_code, again.text) == (201, first.text)
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotent-replayed"] == "true"
    # Nor does it make one if the version was deleted meanwhile.
    assert client.delete("/v1/datasets/pets").status_code == 204
    assert client.post(content=b"a,b\n1,2\n3,4\n", **request).text == first.text
    assert client.get("/v1/datasets/pets").status_code == 404


@pytest.mark.parametrize("change", [{"content": b"a,b\n1,2\n3,5\n"}, {"params": {"header": "true"}}])
def test_another_upload_under_the_same_key_is_rejected(client, change):
    request = {"url": "/v1/datasets/pets/versions", "headers": {"Idempotency-Key": "a1"}}
    client.post(**{**request, "content": b"a,b\n1,2\n3,4\n"})
    answer = client.post(**{**request, "content": b"a,b\n1,2\n3,4\n", **change})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
    assert len(client.get("/v1/datasets/pets").json()["versions"]) == 1
