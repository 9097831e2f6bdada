from uuid import UUID

import pytest

from core.checkpoints import Checkpoint
from db import resuming, runs

UNKNOWN = "01935a3f-2d4c-7e21-9c1b-5a1f4e0d7b62"
LEASE_SECONDS = 60.0


@pytest.fixture
def train(client, worker, database, tmp_path):
    """Train a run up to a checkpoint after 2 epochs of 8 steps, and end it; return its path."""

    def make(*, state="succeeded", has_checkpoint=True, **training):
        labels = {"experiment": "trials", "tags": {"by": "ada"}, "priority": -7, "notes": "first"}
        body = {"preset": "iris-keras", "overrides": {"training": training}, **labels}
        answer = client.post("/v1/runs", json=body)
        assert answer.status_code == 202, answer.text
        claimed = worker.claim()
        worker.report(claimed, train__loss=[0.5, 0.4, 0.3], epoch__train__loss=[0.6, 0.5], test__loss=[0.9])
        if has_checkpoint:
            file = tmp_path / "checkpoint.npz"
            file.write_bytes(b"state")
            saved = worker.store.put(file)
            checkpoint = Checkpoint(2, 2, saved.sha256, saved.num_bytes, monitor="loss", value=0.5, is_best=True)
            with database.transaction() as session:
                resuming.record_checkpoint(session, claimed.run_id, claimed.attempt, LEASE_SECONDS, checkpoint)
        end(claimed, state)
        return f"/v1/runs/{claimed.run_id}"

    def end(claimed, state):
        if state == "failed":
            worker.fail(claimed)
        elif state == "succeeded":
            folder = tmp_path / "files"
            folder.mkdir(exist_ok=True)
            worker.finish(claimed, folder)

    return make


def test_a_run_is_trained_further_as_a_new_run(client, train):
    source = train(epochs=2)
    before = client.get(source).json()
    answer = client.post(f"{source}:continue", json={"epochs": 20})
    new = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/runs/{new['id']}"
    assert (new["state"], new["source_run_id"]) == ("queued", before["id"])
    assert new["spec"] == before["spec"] | {"training": before["spec"]["training"] | {"epochs": 22}}
    same = ("experiment", "tags", "priority", "preset", "model")
    assert {name: new[name] for name in same} == {name: before[name] for name in same}
    assert new["notes"] is None
    (checkpoint,) = client.get(f"/v1/runs/{new['id']}/checkpoints").json()["items"]
    assert (checkpoint["step"], checkpoint["attempt"], checkpoint["is_best"]) == (2, 0, True)
    assert client.get(source).json() == before


def test_its_curves_begin_with_those_up_to_the_checkpoint(client, train, worker):
    source = train(epochs=2)
    new = client.post(f"{source}:continue", json={"epochs": 1}).json()
    history = client.get(f"/v1/runs/{new['id']}/metrics/history?mode=raw").json()
    assert {one["key"]: one["x"] for one in history["series"]} == {"epoch/train/loss": [1, 2], "train/loss": [1, 2]}
    claimed = worker.claim()
    assert (str(claimed.run_id), claimed.checkpoint.step) == (new["id"], 2)
    shown = client.get(f"/v1/runs/{new['id']}").json()
    assert shown["attempts"][0]["resumed_at_step"] == 2
    assert shown["latest_metrics"] == {"train/loss": 0.4, "epoch/train/loss": 0.5}


def test_labels_of_the_new_run_may_be_given(client, train):
    labels = {"experiment": "longer", "tags": {"by": "bob"}, "notes": "More?", "priority": -100}
    new = client.post(f"{train(epochs=2)}:continue", json={"epochs": 1, **labels}).json()
    assert {name: new[name] for name in labels} == labels


def test_the_rest_of_a_run_that_failed_needs_no_number(client, train):
    source = train(state="failed", epochs=50)
    new = client.post(f"{source}:continue", json={}).json()
    assert new["spec"] == client.get(source).json()["spec"]
    more = client.post(f"{source}:continue", json={"epochs": 5}).json()
    assert more["spec"]["training"]["epochs"] == 7


def test_a_run_that_is_trained_to_its_end_needs_a_number(client, train):
    answer = client.post(f"{train(epochs=2)}:continue", json={})
    assert answer.status_code == 422
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [("/epochs", "missing")]


def test_the_length_is_in_the_unit_of_the_spec(client, train):
    answer = client.post(f"{train(epochs=2)}:continue", json={"steps": 5})
    assert answer.status_code == 422
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [("/steps", "other_length")]
    in_steps = train(epochs=None, steps=2)
    assert client.post(f"{in_steps}:continue", json={"epochs": 5}).json()["errors"][0]["pointer"] == "/epochs"
    assert client.post(f"{in_steps}:continue", json={"steps": 5}).json()["spec"]["training"]["steps"] == 7


def test_a_length_over_the_limit_is_found_where_it_is(make_client, make_settings, train):
    source = train(epochs=2)
    answer = make_client(make_settings(max_epochs=5)).post(f"{source}:continue", json={"epochs": 4})
    assert (answer.status_code, answer.json()["code"]) == (422, "over_limit")
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/epochs"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"epochs": 0}, "/epochs"),
        ({"epochs": "5"}, "/epochs"),
        ({"seed": 3}, "/seed"),
        ({"priority": 101}, "/priority"),
    ],
)
def test_a_body_of_another_form_is_rejected_where_it_is_wrong(client, train, body, pointer):
    answer = client.post(f"{train(epochs=2)}:continue", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_a_stored_spec_that_is_no_longer_valid_is_a_clear_error(client, train, database):
    source = train(epochs=2)
    with database.transaction() as session:
        record = runs.get(session, UUID(source.rpartition("/")[2]))
        record.spec = record.spec | {"training": record.spec["training"] | {"removed_option": 1}}
    answer = client.post(f"{source}:continue", json={"epochs": 1})
    assert answer.status_code == 422
    assert "cannot be trained any more as it is stored" in answer.json()["detail"]
    assert answer.json()["errors"][0]["pointer"] == "/training/removed_option"


def test_a_run_without_a_checkpoint_is_a_conflict_that_says_what_to_do(client, train):
    answer = client.post(f"{train(state='failed', has_checkpoint=False)}:continue", json={"epochs": 1})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert ":clone" in answer.json()["detail"]


def test_a_run_that_has_not_ended_is_not_trained_further(client, train):
    path = train(state="running", epochs=50)
    client.post(f"{path}:pause")
    answer = client.post(f"{path}:continue", json={"epochs": 1})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert ":resume" in answer.json()["detail"]


def test_a_run_that_does_not_exist_is_not_found(client):
    answer = client.post(f"/v1/runs/{UNKNOWN}:continue", json={"epochs": 1})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_run")


def test_a_repeated_request_makes_one_run_even_once_the_other_is_deleted(client, train, worker):
    source = train(state="failed", epochs=2)
    request = {"url": f"{source}:continue", "json": {"epochs": 1}, "headers": {"Idempotency-Key": "a"}}
    first = client.post(**request)
    assert client.delete(source).status_code == 204
    again = client.post(**request)
    assert (again.text, again.headers["idempotent-replayed"]) == (first.text, "true")
    assert len(client.get("/v1/runs").json()["items"]) == 1
    # The new run keeps the file that it goes on from.
    claimed = worker.claim()
    assert worker.store.path(claimed.checkpoint.sha256).read_bytes() == b"state"


def test_a_deleted_run_takes_its_checkpoint_with_it(client, train, worker):
    source = train(state="failed", epochs=2)
    sha256 = client.get(f"{source}/checkpoints").json()["items"][0]["sha256"]
    assert client.delete(source).status_code == 204
    assert not worker.store.path(sha256).exists()
