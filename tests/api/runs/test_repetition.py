from uuid import UUID

import pytest

from db import runs

CSV = b"a,b,kind\n" + b"".join(b"%d,%d,%s\n" % (n, 2 * n, b"xy"[n % 2 : n % 2 + 1]) for n in range(40))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request):
    return request.param


@pytest.fixture
def submit(client):
    def post(**changes):
        body = {"preset": "iris-keras", "experiment": "trials", "tags": {"by": "ada"}, "priority": 7, "notes": "first"}
        answer = client.post("/v1/runs", json=body | changes)
        assert answer.status_code == 202, answer.text
        return answer.json()

    return post


@pytest.fixture
def ended(client, submit):
    """A run that was cancelled."""
    run = submit()
    return client.post(f"/v1/runs/{run['id']}:cancel").json()


def test_a_repeated_run_has_the_spec_and_the_labels_of_the_ended_one(client, ended):
    answer = client.post(f"/v1/runs/{ended['id']}:retry")
    new = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/runs/{new['id']}"
    assert (new["state"], new["source_run_id"]) == ("queued", ended["id"])
    same = ("spec", "experiment", "tags", "priority", "preset", "model")
    assert {name: new[name] for name in same} == {name: ended[name] for name in same}
    assert new["notes"] is None
    # The ended run stays as it is.
    assert client.get(f"/v1/runs/{ended['id']}").json()["state"] == "cancelled"


def test_a_run_that_has_not_ended_is_not_repeated_but_may_be_cloned(client, submit):
    run = submit()
    answer = client.post(f"/v1/runs/{run['id']}:retry")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert ":clone" in answer.json()["detail"]
    assert client.post(f"/v1/runs/{run['id']}:clone", json={}).status_code == 202


def test_a_clone_has_what_was_changed_and_keeps_the_rest(client, ended):
    changes = {"overrides": {"training": {"epochs": 20}}, "tags": {"by": "bob"}, "notes": "longer", "priority": -100}
    new = client.post(f"/v1/runs/{ended['id']}:clone", json=changes).json()
    training = ended["spec"]["training"] | {"epochs": 20}
    assert new["spec"] == ended["spec"] | {"training": training}
    assert (new["tags"], new["notes"], new["priority"]) == ({"by": "bob"}, "longer", -100)
    assert (new["experiment"], new["source_run_id"]) == ("trials", ended["id"])


def test_mistakes_in_overrides_are_found_where_they_are(client, ended):
    answer = client.post(f"/v1/runs/{ended['id']}:clone", json={"overrides": {"training": {"epochs": -3}}})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/overrides/training/epochs"]


def test_a_clone_is_held_to_the_limits_of_today(make_client, make_settings, ended):
    strict = make_client(make_settings(max_epochs=3))
    answer = strict.post(f"/v1/runs/{ended['id']}:clone", json={"overrides": {"seed": 2}})
    assert (answer.status_code, answer.json()["code"]) == (422, "over_limit")
    assert "cannot be trained any more as it is stored" in answer.json()["detail"]
    lower = {"overrides": {"training": {"epochs": 2}}}
    assert strict.post(f"/v1/runs/{ended['id']}:clone", json=lower).status_code == 202


def test_a_stored_spec_that_is_no_longer_valid_is_a_clear_error(client, ended, database):
    with database.transaction() as session:
        record = runs.get(session, UUID(ended["id"]))
        record.spec = record.spec | {"training": record.spec["training"] | {"removed_option": 1}}
    place = "/training/removed_option"
    for verb, body, pointer in (("retry", None, place), ("clone", {}, f"/overrides{place}")):
        answer = client.post(f"/v1/runs/{ended['id']}:{verb}", json=body)
        assert answer.status_code == 422
        assert "cannot be trained any more as it is stored" in answer.json()["detail"]
        assert answer.json()["errors"][0]["pointer"] == pointer
    mended = {"overrides": {"training": {"removed_option": None}}}
    assert client.post(f"/v1/runs/{ended['id']}:clone", json=mended).status_code == 202


def test_an_uploaded_dataset_stays_at_its_version_unless_another_is_named(client):
    upload = "/v1/datasets/kinds/versions?filename=kinds.csv"
    assert client.post(upload, content=CSV).status_code == 201
    spec = {
        "name": "kinds",
        "dataset": {"name": "table", "dataset": "kinds", "target": "kind"},
        "model": {"kind": "mlp", "layers": [{"units": 2, "activation": "softmax"}]},
        "training": {"loss": "sparse_categorical_crossentropy", "epochs": 1},
    }
    run = client.post("/v1/runs", json={"spec": spec}).json()
    assert client.post(upload, content=CSV + b"41,82,x\n").status_code == 201
    path = f"/v1/runs/{run['id']}:clone"

    def clone(**dataset):
        answer = client.post(path, json={"overrides": {"dataset": dataset} if dataset else {}})
        assert answer.status_code == 202, answer.text
        return answer.json()["spec"]["dataset"]

    assert clone() == run["spec"]["dataset"]
    assert clone(version=2)["version"] == 2
    assert clone(version=2)["sha256"] != run["spec"]["dataset"]["sha256"]
    assert clone(dataset="kinds")["version"] == 2


def test_a_run_that_does_not_exist_is_not_found(client):
    for verb in ("retry", "clone"):
        answer = client.post(f"/v1/runs/01935a3f-2d4c-7e21-9c1b-5a1f4e0d7b62:{verb}", json={})
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_run")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"overrides": 5}, "/overrides"),
        ({"override": {}}, "/override"),
        ({"priority": 1.5}, "/priority"),
        ({"experiment": "a/b"}, "/experiment"),
        ({"overrides": {"name": "Not A Name"}}, "/overrides/name"),
    ],
)
def test_a_body_of_another_form_is_rejected_where_it_is_wrong(client, ended, body, pointer):
    answer = client.post(f"/v1/runs/{ended['id']}:clone", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(("verb", "body"), [("retry", None), ("clone", {"overrides": {"seed": 4}})])
def test_a_repeated_request_makes_one_run(client, ended, verb, body):
    request = {"url": f"/v1/runs/{ended['id']}:{verb}", "json": body, "headers": {"Idempotency-Key": "a"}}
    first, again = client.post(**request), client.post(**request)
    assert again.text == first.text
    assert again.headers["idempotent-replayed"] == "true"
    assert len(client.get("/v1/runs").json()["items"]) == 2
    # Even if it is not possible any more.
    assert client.delete(f"/v1/runs/{ended['id']}").status_code == 204
    assert client.post(**request).text == first.text
