import pytest

MODELS = "/v1/registry/models"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request):
    return request.param


@pytest.fixture
def versions(worker, make_line):
    """The model `line` in two versions; the ids of their runs."""
    return [str(worker.register("line", make_line(slope))) for slope in (2.0, 5.0)]


def test_models_are_listed_with_their_versions_newest_first(client, versions, worker, iris):
    worker.register("iris", iris)
    items = client.get(MODELS).json()["items"]
    assert [item["name"] for item in items] == ["iris", "line"]
    assert items[1]["latest_version"] == 2
    assert [(entry["version"], entry["run_id"]) for entry in items[1]["versions"]] == [
        (2, versions[1]),
        (1, versions[0]),
    ]
    assert client.get(f"{MODELS}/line").json() == items[1]


def test_a_version_names_its_run_its_files_and_where_it_answers(client, versions):
    version = client.get(f"{MODELS}/line/versions/1").json()
    assert (version["model"], version["version"], version["run_id"], version["aliases"]) == ("line", 1, versions[0], [])
    assert [artifact["name"] for artifact in version["artifacts"]] == ["model.onnx", "signature.json", "trainer.log"]
    assert client.get(version["links"]["run"]).json()["id"] == versions[0]
    assert client.get(version["links"]["metadata"]).status_code == 200
    assert client.post(version["links"]["predict"], json={"instances": [[1]]}).json() == {"predictions": [[2.0]]}


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("lien", "Did you mean 'line'?"),
        ("line/versions/3", "has no version 3"),
        ("line/versions/first", "not the number of a version"),
        ("lien/versions/1", "Did you mean 'line'?"),
        ("line/aliases/best", "no alias 'best'"),
    ],
)
def test_unknown_models_versions_and_aliases_are_reported(client, path, words):
    answer = client.get(f"{MODELS}/{path}")
    assert answer.status_code == 404
    assert answer.json()["code"] == "unknown_model"
    assert words in answer.json()["detail"]


def test_a_model_that_is_being_trained_is_reported_as_that(client):
    run_id = client.post("/v1/runs", json={"preset": "iris-keras"}).json()["id"]
    assert run_id in client.get(f"{MODELS}/iris-keras").json()["detail"]


@pytest.mark.usefixtures("versions")
def test_an_alias_is_set_moved_and_deleted(client):
    path = f"{MODELS}/line/aliases/champion"
    put = client.put(path, json={"version": 1})
    assert put.status_code == 200
    assert (put.json()["model"], put.json()["alias"], put.json()["version"]) == ("line", "champion", 1)
    assert client.get(path).json() == put.json()
    assert client.get(f"{MODELS}/line/versions/1").json()["aliases"] == ["champion"]
    client.put(path, json={"version": 2})
    assert client.get(f"{MODELS}/line/versions/1").json()["aliases"] == []
    assert client.get(path).json()["version"] == 2
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert client.delete(path).status_code == 404


@pytest.mark.usefixtures("versions")
def test_an_alias_that_has_moved_meanwhile_is_left_alone(client):
    path = f"{MODELS}/line/aliases/champion"
    etag = client.put(path, json={"version": 1}).headers["etag"]
    assert client.get(path).headers["etag"] == etag
    newer = client.put(path, json={"version": 2}, headers={"If-Match": etag})
    assert newer.status_code == 200
    for rejected in (
        client.put(path, json={"version": 1}, headers={"If-Match": etag}),
        client.delete(path, headers={"If-Match": etag}),
    ):
        assert rejected.status_code == 412
        assert rejected.json()["code"] == "precondition_failed"
    assert client.get(path).json()["version"] == 2
    assert client.delete(path, headers={"If-Match": newer.headers["etag"]}).status_code == 204


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"version": 3}, 404),
        ({"version": 0}, 422),
        ({"version": 2**31}, 422),
        ({"version": "1"}, 422),
        ({"version": True}, 422),
        ({}, 422),
        ({"version": 1, "versoin": 1}, 422),
    ],
)
def test_an_alias_can_only_point_at_a_version_that_is_there(client, body, status):
    path = f"{MODELS}/line/aliases/champion"
    assert client.put(path, json=body).status_code == status
    assert client.get(path).status_code == 404


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize("alias", ["1", "Best", "a" * 65, "-x", "%20"])
def test_an_ambiguous_alias_is_rejected(client, alias):
    assert client.put(f"{MODELS}/line/aliases/{alias}", json={"version": 1}).status_code == 422


@pytest.mark.usefixtures("versions")
def test_an_alias_on_an_unknown_model_is_rejected(client):
    answer = client.put(f"{MODELS}/lien/aliases/champion", json={"version": 1})
    assert answer.status_code == 404
    assert "Did you mean 'line'?" in answer.json()["detail"]
