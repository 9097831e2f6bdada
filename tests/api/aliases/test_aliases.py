"""Aliases: promotion, splits, shadows, conditions, rollback and history."""

import pytest

from core.alias_targets import make_targets

MODELS = "/v1/registry/models"
PATH = f"{MODELS}/line/aliases/live"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request):
    return request.param


@pytest.fixture
def versions(worker, make_line):
    """The model `line` in four versions, the third the best; the ids of their runs."""
    return [
        str(worker.register("line", make_line(float(slope)), metrics={"test/loss": loss, "test/accuracy": 1 - loss}))
        for slope, loss in enumerate((0.5, 0.25, 0.125, 0.25), start=1)
    ]


@pytest.fixture
def put(client, versions):
    def put(body, **headers):
        assert len(versions) == 4
        return client.put(PATH, json=body, headers={name.replace("_", "-"): text for name, text in headers.items()})

    return put


def targets(answer):
    assert answer.status_code == 200, answer.text
    return {name: answer.json()[name] for name in ("version", "versions", "shadow")}


def test_an_alias_splits_requests_among_versions(client, put):
    answer = put({"versions": {"3": 90, "2": 10}, "shadow": 4})
    assert targets(answer) == {"version": 2, "versions": {"2": 10, "3": 90}, "shadow": 4}
    assert client.get(PATH).json() == answer.json()
    entries = {entry["version"]: entry for entry in client.get(f"{MODELS}/line").json()["versions"]}
    assert [entries[version]["aliases"] for version in (1, 2, 3, 4)] == [[], ["live"], ["live"], []]
    assert [entries[version]["shadow_of"] for version in (1, 2, 3, 4)] == [[], [], [], ["live"]]
    assert targets(put({"version": 1})) == {"version": 1, "versions": None, "shadow": None}


def test_what_an_answer_says_can_be_sent_back(put):
    answer = put({"versions": {"3": 90, "2": 10}, "shadow": 4}).json()
    body = {"versions": answer["versions"], "shadow": answer["shadow"]}
    assert targets(put(body)) == {name: answer[name] for name in ("version", "versions", "shadow")}


@pytest.mark.parametrize(
    "body",
    [
        {"version": 3},
        {"versions": {"2": 90, "3": 11}},
        {"versions": {"2": 90, "3": 10}, "shadow": 4},
        # The same again: another may have set it meanwhile.
        {"versions": {"2": 90, "3": 10}},
    ],
)
def test_the_etag_changes_with_the_split_the_shadow_and_each_change(put, body):
    etag = put({"versions": {"2": 90, "3": 10}}).headers["etag"]
    moved = put(body, If_Match=etag)
    assert moved.status_code == 200
    assert moved.headers["etag"] != etag
    stale = put({"version": 1}, If_Match=etag)
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")


def test_an_alias_is_made_only_if_there_is_none(put):
    made = put({"version": 1}, If_None_Match="*")
    assert made.status_code == 200
    again = put({"version": 2}, If_None_Match="*")
    assert (again.status_code, again.json()["code"]) == (412, "precondition_failed")
    assert "exists already" in again.json()["detail"]
    assert put({"version": 2}, If_None_Match='"another"').status_code == 200


def test_a_version_is_promoted_only_if_it_is_better(client, put):
    # Without a present version there is nothing to be better than.
    assert targets(put({"version": 2, "if_better": "test/loss"}))["version"] == 2
    worse = put({"version": 1, "if_better": "test/loss"})
    assert (worse.status_code, worse.json()["code"]) == (409, "not_better")
    assert worse.json()["detail"] == (
        "Version 1 is not better than version 2: its test/loss is 0.5, that of version 2 is 0.25; less is better. "
        "The alias stays as it is."
    )
    equal = put({"version": 4, "if_better": "test/accuracy"})
    assert (equal.status_code, equal.json()["code"]) == (409, "not_better")
    assert "is 0.75, that of version 2 is 0.75; more is better" in equal.json()["detail"]
    missing = put({"version": 3, "if_better": "test/auc"})
    assert (missing.status_code, missing.json()["code"]) == (409, "not_better")
    assert "Both have test/accuracy, test/loss." in missing.json()["detail"]
    assert client.get(PATH).json()["version"] == 2
    assert targets(put({"version": 3, "if_better": "test/accuracy"}))["version"] == 3
    # A repeated request, whose answer was lost, finds it done.
    assert targets(put({"version": 3, "if_better": "test/accuracy"}))["version"] == 3


def test_a_canary_has_to_be_better_than_what_it_takes_requests_from(put):
    put({"version": 2})
    assert put({"versions": {"2": 90, "1": 10}, "if_better": "test/loss"}).status_code == 409
    assert put({"versions": {"2": 90, "3": 10}, "if_better": "test/loss"}).status_code == 200
    assert put({"version": 3, "if_better": "test/loss"}).status_code == 200


def test_a_rollback_undoes_the_last_change_in_one_call(client, put):
    put({"version": 1})
    put({"versions": {"1": 90, "2": 10}, "shadow": 3})
    put({"version": 2})
    back = client.post(f"{PATH}:rollback")
    assert targets(back) == {"version": 1, "versions": {"1": 90, "2": 10}, "shadow": 3}
    assert client.get(PATH).headers["etag"] == back.headers["etag"]
    assert targets(client.post(f"{PATH}:rollback"))["versions"] is None
    refused = client.post(f"{PATH}:rollback")
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_before")
    assert [change["action"] for change in client.get(f"{PATH}/history").json()["items"]] == [
        *["rolled_back"] * 2,
        *["set"] * 3,
    ]


def test_a_rollback_honours_if_match(client, put):
    put({"version": 1})
    etag = put({"version": 2}).headers["etag"]
    assert client.post(f"{PATH}:rollback", headers={"If-Match": etag}).json()["version"] == 1
    for headers in ({"If-Match": etag}, {"If-Match": '"1-00000000"'}):
        assert client.post(f"{PATH}:rollback", headers=headers).status_code == 412
    client.delete(PATH)
    assert client.post(f"{PATH}:rollback", headers={"If-Match": "*"}).status_code == 412
    assert client.post(f"{PATH}:rollback").json()["version"] == 1


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize("model", ["line", "lien"])
def test_an_alias_that_never_was_has_no_history_and_cannot_be_rolled_back(client, model):
    path = f"{MODELS}/{model}/aliases/never"
    for answer in (client.post(f"{path}:rollback"), client.get(f"{path}/history")):
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_model")


def test_the_history_shows_who_changed_what_and_outlives_the_alias(client, put):
    put({"version": 1})
    put({"versions": {"1": 90, "2": 10}})
    client.delete(PATH)
    assert client.get(PATH).status_code == 404
    first = client.get(f"{PATH}/history", params={"limit": 2}).json()
    rest = client.get(f"{PATH}/history", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    one = {"version": 1, "versions": None, "shadow": None}
    split = {"version": 1, "versions": {"1": 90, "2": 10}, "shadow": None}
    found = [
        (change["action"], change["before"], change["after"], change["caller"])
        for change in (*first["items"], *rest["items"])
    ]
    assert found == [
        ("deleted", split, None, None),
        ("set", one, split, None),
        ("set", None, one, None),
    ]
    assert rest["next_cursor"] is None


def test_the_history_names_the_key(locked_client, worker, make_line, keep_key):
    worker.register("line", make_line(1.0))
    worker.register("line", make_line(2.0))
    promoter, reader = keep_key("submit", "read", name="release-bot"), keep_key("read", name="reader")
    headers = {"X-API-Key": promoter}
    for version in (1, 2):
        assert locked_client.put(PATH, json={"version": version}, headers=headers).status_code == 200
    assert locked_client.post(f"{PATH}:rollback", headers=headers).status_code == 200
    refused = locked_client.post(f"{PATH}:rollback", headers={"X-API-Key": reader})
    assert refused.status_code == 403
    history = locked_client.get(f"{PATH}/history", headers={"X-API-Key": reader}).json()["items"]
    assert [change["caller"] for change in history] == ["release-bot"] * 3


def test_aliases_are_listed_by_name(client, put):
    put({"versions": {"1": 1, "2": 3}})
    client.put(f"{MODELS}/line/aliases/champion", json={"version": 3})
    first = client.get(f"{MODELS}/line/aliases", params={"limit": 1}).json()
    rest = client.get(f"{MODELS}/line/aliases", params={"cursor": first["next_cursor"]}).json()
    found = [(alias["alias"], alias["version"], alias["versions"]) for alias in (*first["items"], *rest["items"])]
    assert found == [("champion", 3, None), ("live", 1, {"1": 1, "2": 3})]
    assert rest["next_cursor"] is None
    assert client.get(f"{MODELS}/lien/aliases").status_code == 404


def test_a_moved_alias_answers_at_once(client, put):
    answers = []
    for body in ({"version": 1}, {"version": 3}, {"version": 2}):
        put(body)
        predicted = client.post("/v1/models/line/labels/live:predict", json={"instances": [[1]]})
        answers.append((predicted.json()["predictions"], predicted.headers["x-model-version"]))
    client.post(f"{PATH}:rollback")
    predicted = client.post("/v1/models/line/labels/live:predict", json={"instances": [[1]]})
    answers.append((predicted.json()["predictions"], predicted.headers["x-model-version"]))
    assert answers == [([[1.0]], "1"), ([[3.0]], "3"), ([[2.0]], "2"), ([[3.0]], "3")]


def test_a_split_chooses_by_the_id_of_the_request(client, put):
    put({"versions": {"1": 50, "3": 50}})
    split = make_targets({1: 50, 3: 50})
    ids = [f"request-{number}" for number in range(12)]
    for _ in range(2):
        answers = [
            client.post(
                "/v1/models/line/labels/live:predict", json={"instances": [[1]]}, headers={"X-Request-Id": request_id}
            )
            for request_id in ids
        ]
        chosen = [int(answer.headers["x-model-version"]) for answer in answers]
        assert chosen == [split.choose(request_id) for request_id in ids]
        assert [answer.json()["predictions"] for answer in answers] == [[[float(version)]] for version in chosen]
    assert set(chosen) == {1, 3}
