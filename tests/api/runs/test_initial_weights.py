"""Runs that start from the weights of others: what they may name, what they keep, and what outlives a deletion."""

import json
import zipfile
from uuid import UUID

import pytest

from db import runs, stored_references

SPEC = {
    "name": "tuned",
    "dataset": {"name": "iris"},
    "model": {"kind": "mlp", "layers": [{"units": 8, "activation": "relu"}, {"units": 3, "activation": "softmax"}]},
    "training": {"loss": "sparse_categorical_crossentropy", "frozen_layers": ["dense_1"]},
}

UNKNOWN = "01935a3f-2d4c-7e21-9c1b-5a1f4e0d7b62"


on_both_databases = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])


def save_network(path, **units):
    """A saved network of dense layers, of which the service reads the configuration alone."""
    layers, width = [], 4
    for name, number in units.items():
        config = {"name": name, "units": number, "use_bias": True}
        layers.append({"class_name": "Dense", "config": config, "build_config": {"input_shape": [None, width]}})
        width = number
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps({"config": {"layers": layers}}))


@pytest.fixture
def learned(worker, iris):
    """The id of a run that has left a network of 8 and 3 units."""
    save_network(iris / "model.keras", dense_1=8, dense_2=3)
    return str(worker.register("source", iris))


@pytest.fixture
def submit(client):
    def post(weights, status=202, **changes):
        answer = client.post("/v1/runs", json={"spec": SPEC | {"initial_weights": weights} | changes})
        assert answer.status_code == status, answer.text
        return answer.json()

    return post


def problem_of(body):
    (problem,) = body["errors"]
    return problem["pointer"], problem["code"], problem["detail"]


def sha256_of(client, run_id, name="model.keras"):
    files = client.get(f"/v1/runs/{run_id}/artifacts").json()
    return {file["name"]: file["sha256"] for file in files["items"]}[name]


def test_a_run_is_pinned_to_the_bytes_that_it_starts_from_and_keeps_them(client, submit, learned):
    run = submit({"run": learned.upper()})
    sha256 = sha256_of(client, learned)
    assert run["spec"]["initial_weights"] == {
        "run": learned,
        "sha256": sha256,
        "layers": None,
        "new_layers": [],
        "numbers": {},
    }
    assert sha256_of(client, run["id"], "initial_weights.keras") == sha256
    source, kept = (
        client.get(f"/v1/runs/{owner}/artifacts/{name}")
        for owner, name in ((learned, "model.keras"), (run["id"], "initial_weights.keras"))
    )
    assert (kept.status_code, kept.content) == (200, source.content)


def test_a_dry_run_checks_and_pins_too(client, learned):
    body = {"spec": SPEC | {"initial_weights": {"run": learned}}}
    report = client.post("/v1/specs:validate", json=body).json()
    assert report["spec"]["initial_weights"]["sha256"] == sha256_of(client, learned)
    assert (report["num_parameters"], report["num_trainable_parameters"]) == (40 + 27, 27)
    assert [layer["num_trainable_parameters"] for layer in report["layers"]] == [0, 27]
    body["spec"] |= {"initial_weights": {"run": UNKNOWN}}
    assert problem_of(client.post("/v1/specs:validate", json=body).json())[0] == "/spec/initial_weights/run"


def test_a_run_that_cannot_be_started_from_is_named_with_the_reason(client, submit, worker):
    place = "/spec/initial_weights/run"
    assert problem_of(submit({"run": UNKNOWN}, 422))[:2] == (place, "unknown_run")
    queued = submit({})["id"]
    pointer, code, detail = problem_of(submit({"run": queued}, 422))
    assert (pointer, code) == (place, "run_not_succeeded")
    assert f"{queued} is queued and has no weights yet" in detail
    claimed = worker.claim()
    assert "is running and has no weights yet" in problem_of(submit({"run": queued}, 422))[2]
    worker.fail(claimed)
    assert "has failed and has left no weights" in problem_of(submit({"run": queued}, 422))[2]
    other = submit({})["id"]
    client.post(f"/v1/runs/{other}:cancel")
    assert "was cancelled and has left no weights" in problem_of(submit({"run": other}, 422))[2]


def test_a_run_without_a_saved_network_is_named_with_the_reason(submit, worker, iris):
    run_id = worker.register("source", iris)
    assert problem_of(submit({"run": str(run_id)}, 422))[:2] == ("/spec/initial_weights/run", "weights_missing")


def test_a_file_that_is_gone_or_broken_is_found_at_submission(submit, worker, iris):
    (iris / "model.keras").write_bytes(b"not an archive")
    run_id = worker.register("source", iris)
    assert problem_of(submit({"run": str(run_id)}, 422))[1] == "weights_missing"
    for path in worker.store.root.rglob("*"):
        if path.is_file():
            path.unlink()
    assert problem_of(submit({"run": str(run_id)}, 422))[1] == "weights_missing"


def test_another_architecture_is_refused_layer_by_layer(submit, learned):
    model = {"kind": "mlp", "layers": [{"units": 8}, {"units": 5}, {"units": 3, "activation": "softmax"}]}
    errors = submit({"run": learned}, 422, model=model)["errors"]
    assert [error["pointer"] for error in errors] == ["/spec/initial_weights/run"] * 2
    assert {error["code"] for error in errors} == {"layer_does_not_fit"}
    assert 'set new_layers: ["dense_2", "dense_3"]' in errors[0]["detail"]
    submit({"run": learned, "new_layers": ["dense_2", "dense_3"]}, model=model)


def test_layers_of_the_same_names_in_another_order_do_not_fit(submit, worker, iris):
    save_network(iris / "model.keras", dense_2=3, dense_1=8)
    run_id = worker.register("source", iris)
    assert len(submit({"run": str(run_id)}, 422)["errors"]) == 2


def test_a_hash_that_is_not_that_of_the_run_is_refused(client, submit, learned):
    sha256 = sha256_of(client, learned)
    assert submit({"run": learned, "sha256": sha256})["spec"]["initial_weights"]["sha256"] == sha256
    problem = problem_of(submit({"run": learned, "sha256": "0" * 64}, 422))
    assert problem[:2] == ("/spec/initial_weights/sha256", "other_bytes")
    assert problem_of(submit({"run": UNKNOWN, "sha256": sha256}, 422))[1] == "unknown_run"


@on_both_databases
def test_the_bytes_stay_as_long_as_a_run_that_starts_from_them(client, submit, worker, learned):
    sha256 = sha256_of(client, learned)
    run = submit({"run": learned})
    assert client.delete(f"/v1/runs/{learned}").status_code == 204
    assert worker.store.verified_path(sha256)

    # The spec names a run that is gone, and the bytes that are still there.
    cloned = client.post(f"/v1/runs/{run['id']}:clone", json={"overrides": {"seed": 4}})
    assert cloned.status_code == 202, cloned.text
    assert cloned.json()["spec"]["initial_weights"] == run["spec"]["initial_weights"]
    again = client.post("/v1/runs", json={"spec": run["spec"]})
    assert again.status_code == 202, again.text
    client.post(f"/v1/runs/{run['id']}:cancel")
    retried = client.post(f"/v1/runs/{run['id']}:retry")
    assert retried.status_code == 202, retried.text

    for answer in (cloned, again, retried):
        assert sha256_of(client, answer.json()["id"], "initial_weights.keras") == sha256
        assert worker.store.verified_path(sha256)
        client.post(f"/v1/runs/{answer.json()['id']}:cancel")
        assert client.delete(f"/v1/runs/{answer.json()['id']}").status_code == 204
    assert worker.store.verified_path(sha256)
    assert client.delete(f"/v1/runs/{run['id']}").status_code == 204
    assert worker.store.find_size(sha256) is None
    assert problem_of(submit(run["spec"]["initial_weights"], 422))[1] == "unknown_run"


def test_a_clone_may_start_from_another_run_or_from_none(client, submit, worker, iris, learned):
    run = submit({"run": learned})
    client.post(f"/v1/runs/{run['id']}:cancel")
    (iris / "model.keras").unlink()
    save_network(iris / "model.keras", dense_1=8, dense_2=3, dense_3=1)
    other = str(worker.register("other", iris))

    def clone(weights):
        answer = client.post(f"/v1/runs/{run['id']}:clone", json={"overrides": {"initial_weights": weights}})
        assert answer.status_code == 202, answer.text
        return answer.json()["spec"]["initial_weights"]

    assert clone({"run": other})["sha256"] == sha256_of(client, other)
    assert clone({"new_layers": ["dense_2"]})["sha256"] == sha256_of(client, learned)
    assert clone(None) == {}


@on_both_databases
def test_a_batch_starts_many_runs_from_one(client, learned):
    items = [{"spec": SPEC | {"initial_weights": {"run": learned}, "seed": seed}} for seed in range(3)]
    answer = client.post("/v1/runs:batch", json={"runs": items})
    assert answer.status_code == 202, answer.text
    hashes = {sha256_of(client, run_id, "initial_weights.keras") for run_id in answer.json()["ids"]}
    assert hashes == {sha256_of(client, learned)}
    items[1]["spec"]["initial_weights"] = {"run": UNKNOWN}
    (error,) = client.post("/v1/runs:batch", json={"runs": items}).json()["errors"]
    assert error["pointer"] == "/runs/1/spec/initial_weights/run"


def test_a_backup_copies_the_bytes_of_a_queued_run(database, client, submit, learned):
    run = submit({"run": learned})
    client.delete(f"/v1/runs/{learned}")
    with database.reading() as session:
        files = [file for page in stored_references.iterate_files(session) for file in page]
    assert [(file.run_id, file.name) for file in files] == [(UUID(run["id"]), "initial_weights.keras")]


def test_the_bytes_count_for_who_submitted_the_run(database, client, submit, worker, iris, learned):
    run = submit({"run": learned})
    (iris / "model.keras").unlink()
    worker.finish(worker.claim(), iris)
    files = client.get(f"/v1/runs/{run['id']}/artifacts").json()
    with database.reading() as session:
        stored = runs.get(session, UUID(run["id"])).stored_bytes
    assert stored == sum(file["num_bytes"] for file in files["items"])
    assert sha256_of(client, run["id"], "initial_weights.keras")


def test_where_the_weights_come_from_is_shown_with_the_version(client, submit, worker, iris, learned):
    submit({"run": learned})
    worker.finish(worker.claim(), iris)
    client.delete(f"/v1/runs/{learned}")
    version = client.get("/v1/registry/models/tuned/versions/1").json()
    assert version["run"]["initial_weights_run"] == learned
