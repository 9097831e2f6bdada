"""Each method of the client's registry with the JSON of the service."""

import math

import pytest

from trainyard.errors import Conflict, InvalidArgument, NotFound, ServiceUnavailable, UnexpectedAnswer

MODELS = "/v1/registry/models"
LIVE = f"{MODELS}/iris/aliases/live"
RUN_ID = "01920000-0000-7000-8000-000000000001"
TIME = "2026-03-02T10:00:00.000000Z"

ENTRY = {
    "version": 3,
    "source": "run",
    "run_id": RUN_ID,
    "created_at": TIME,
    "aliases": ["live"],
    "shadow_of": [],
}

MODEL = {
    "name": "iris",
    "created_at": TIME,
    "latest_version": 3,
    "num_versions": 2,
    "is_unloaded": False,
    "versions": [ENTRY],
}

ALIAS = {"model": "iris", "alias": "live", "version": 3, "versions": None, "shadow": None, "updated_at": TIME}

SPLIT = ALIAS | {"versions": {"3": 90, "4": 10}, "shadow": 5}


def test_models_are_listed_a_page_at_a_time(client, fake):
    pages = [{"items": [MODEL], "next_cursor": "abc"}, {"items": [MODEL | {"name": "line"}], "next_cursor": None}]
    fake.on("GET", MODELS, *pages)
    found = list(client.registry.list_models())
    assert [(model.name, model.latest_version, model.num_versions, model.is_unloaded) for model in found] == [
        ("iris", 3, 2, False),
        ("line", 3, 2, False),
    ]
    assert [request.query for request in fake.requests] == [
        [("limit", "200")],
        [("limit", "200"), ("cursor", "abc")],
    ]


def test_a_service_of_before_pages_is_understood(client, fake):
    older = {name: value for name, value in MODEL.items() if name not in {"num_versions", "is_unloaded"}}
    fake.on("GET", MODELS, {"items": [older]})
    fake.on("GET", f"{MODELS}/iris", older)
    assert [model.num_versions for model in client.registry.list_models()] == [1]
    assert not client.registry.get_model("iris").is_unloaded


def test_versions_come_with_metrics(client, fake):
    upload = ENTRY | {"version": 2, "source": "upload", "run_id": None, "aliases": [], "shadow_of": ["live"]}
    items = [ENTRY | {"metrics": {"test/loss": 0.5, "test/auc": None}}, upload | {"metrics": {}}]
    fake.on("GET", f"{MODELS}/iris/versions", {"items": items, "next_cursor": None})
    trained, uploaded = client.registry.list_versions("iris")
    assert (trained.version, trained.run_id, trained.aliases, trained.metrics["test/loss"]) == (
        3,
        RUN_ID,
        ("live",),
        0.5,
    )
    assert math.isnan(trained.metrics["test/auc"])
    assert (uploaded.source, uploaded.run_id, uploaded.shadow_of, dict(uploaded.metrics)) == (
        "upload",
        None,
        ("live",),
        {},
    )
    assert trained.created_at.year == 2026


def test_a_version_comes_with_its_lineage(client, fake):
    document = ENTRY | {"model": "iris", "metrics": {"test/loss": 0.5}, "data": {"source": "iris"}}
    fake.on("GET", f"{MODELS}/iris/versions/3", document)
    version = client.registry.get_version("iris", 3)
    assert version.document["data"] == {"source": "iris"}


def test_versions_are_compared(client, fake):
    metric = {"key": "test/loss", "values": {"2": 1.0, "3": 0.5}}
    fake.on(
        "GET",
        f"{MODELS}/iris:compare",
        {
            "versions": [{"version": 2}, {"version": 3}],
            "metrics": [metric | {"changes": [{"version": 3, "difference": -0.5, "verdict": "better"}]}],
            "spec": [],
            "num_spec_differences": 0,
            "remarks": ["Mind the data."],
        },
    )
    comparison = client.registry.compare("iris", [2, 3])
    assert fake.requests[0].query == [("versions", "2,3")]
    assert (comparison.versions, comparison.verdicts, comparison.remarks) == (
        (2, 3),
        {"test/loss": {3: "better"}},
        ("Mind the data.",),
    )


@pytest.mark.parametrize("versions", [[], [3]])
def test_a_comparison_of_one_version_is_not_sent(client, fake, versions):
    with pytest.raises(InvalidArgument, match="two versions or more"):
        client.registry.compare("iris", versions)
    assert fake.requests == []


def test_an_alias_is_read_with_its_etag(client, fake, answer):
    fake.on("GET", LIVE, answer(SPLIT, headers={"ETag": '"7-abc"'}))
    alias = client.registry.get_alias("iris", "live")
    assert (alias.model, alias.name, alias.etag) == ("iris", "live", '"7-abc"')
    assert (alias.targets.version, alias.targets.weights, alias.targets.shadow) == (3, {3: 90, 4: 10}, 5)


def test_aliases_are_listed(client, fake):
    fake.on("GET", f"{MODELS}/iris/aliases", {"items": [ALIAS, SPLIT | {"alias": "next"}], "next_cursor": None})
    found = list(client.registry.list_aliases("iris"))
    assert [(alias.name, alias.targets.weights, alias.etag) for alias in found] == [
        ("live", {3: 1}, ""),
        ("next", {3: 90, 4: 10}, ""),
    ]


@pytest.mark.parametrize(
    ("version", "options", "body", "if_match"),
    [
        (3, {}, {"version": 3}, None),
        ({3: 90, 4: 10}, {"shadow": 5}, {"versions": {"3": 90, "4": 10}, "shadow": 5}, None),
        (3, {"if_better": "test/loss", "etag": '"7"'}, {"version": 3, "if_better": "test/loss"}, '"7"'),
    ],
)
def test_an_alias_is_set(client, fake, answer, version, options, body, if_match):
    fake.on("PUT", LIVE, answer(ALIAS, headers={"ETag": '"8"'}))
    assert client.registry.set_alias("iris", "live", version, **options).etag == '"8"'
    assert fake.requests[0].body == body
    assert fake.requests[0].headers.get("if-match") == if_match


def test_a_version_that_is_not_better_is_a_conflict(client, fake, answer):
    fake.on("PUT", LIVE, answer({"detail": "Version 4 is not better.", "code": "not_better"}, 409))
    with pytest.raises(Conflict, match="not better") as caught:
        client.registry.set_alias("iris", "live", 4, if_better="test/loss")
    assert caught.value.code == "not_better"


def test_a_rollback_is_sent_once(client, fake, answer):
    fake.on("POST", f"{LIVE}:rollback", answer(drop=True))
    with pytest.raises(ServiceUnavailable):
        client.registry.roll_back("iris", "live")
    assert fake.count("POST", f"{LIVE}:rollback") == 1
    fake.on("POST", f"{LIVE}:rollback", answer(ALIAS))
    assert client.registry.roll_back("iris", "live", etag='"7"').targets.version == 3
    assert fake.requests[-1].headers["if-match"] == '"7"'


def test_an_alias_is_deleted(client, fake, answer):
    fake.on("DELETE", LIVE, answer(status=204))
    client.registry.delete_alias("iris", "live", etag='"7"')
    assert fake.requests[0].headers["if-match"] == '"7"'
    fake.on("DELETE", LIVE, answer({"detail": "No alias 'live'."}, 404))
    with pytest.raises(NotFound, match="No alias"):
        client.registry.delete_alias("iris", "live")


def test_the_history_is_read(client, fake):
    targets = {"version": 3, "versions": None, "shadow": None}
    change = {"action": "set", "before": None, "after": targets, "caller": "ci", "changed_at": TIME}
    gone = {"action": "deleted", "before": targets, "after": None, "caller": None, "changed_at": TIME}
    fake.on("GET", f"{LIVE}/history", {"items": [gone, change], "next_cursor": None})
    last, first = client.registry.get_history("iris", "live")
    assert (last.action, last.before.version, last.after, last.caller) == ("deleted", 3, None, None)
    assert (first.action, first.before, first.after.weights, first.caller) == ("set", None, {3: 1}, "ci")


@pytest.mark.parametrize("force", [False, True])
def test_a_version_and_a_model_are_deleted(client, fake, force):
    version = {"deleted_aliases": ["a"], "changed_aliases": ["b"], "kept_run": RUN_ID}
    fake.on("DELETE", f"{MODELS}/iris/versions/3", version)
    fake.on("DELETE", f"{MODELS}/iris", {"deleted_aliases": ["a"], "kept_runs": [RUN_ID, "2"]})
    deleted = client.registry.delete_version("iris", 3, force=force)
    assert (deleted.deleted_aliases, deleted.changed_aliases, deleted.kept_runs) == (("a",), ("b",), (RUN_ID,))
    deleted = client.registry.delete_model("iris", force=force)
    assert (deleted.deleted_aliases, deleted.changed_aliases, deleted.kept_runs) == (("a",), (), (RUN_ID, "2"))
    assert [request.query for request in fake.requests] == [[("force", "true")] if force else []] * 2
    fake.on("DELETE", f"{MODELS}/iris/versions/3", version | {"kept_run": None})
    assert client.registry.delete_version("iris", 3).kept_runs == ()


def test_another_services_answer_is_unexpected(client, fake):
    fake.on("GET", LIVE, {"alias": "live"})
    fake.on("DELETE", f"{MODELS}/iris", {"deleted": True})
    with pytest.raises(UnexpectedAnswer):
        client.registry.get_alias("iris", "live")
    with pytest.raises(UnexpectedAnswer):
        client.registry.delete_model("iris")
