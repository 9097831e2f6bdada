import json

import pytest

MODELS = "/v1/registry/models"
ALIAS = f"{MODELS}/iris/aliases/production"
RUN_ID = "01920000-0000-7000-8000-000000000001"
TIME = "2026-03-02T10:00:00.000000Z"

ENTRY = {
    "version": 3,
    "source": "run",
    "run_id": RUN_ID,
    "created_at": TIME,
    "aliases": ["production"],
    "shadow_of": ["next"],
}
MODEL = {
    "name": "iris",
    "created_at": TIME,
    "latest_version": 3,
    "num_versions": 2,
    "is_unloaded": True,
    "versions": [ENTRY],
}
PRESENT = {
    "model": "iris",
    "alias": "production",
    "version": 3,
    "versions": None,
    "shadow": None,
    "updated_at": TIME,
}


def lines(result):
    assert result.exit_code == 0, result.stderr
    return [line.rstrip() for line in result.stdout.splitlines()]


def test_models_are_listed(invoke, fake):
    fake.on("GET", MODELS, {"items": [MODEL], "next_cursor": None})
    assert lines(invoke("models")) == ["MODEL  NEWEST  VERSIONS", "iris        3         2  unloaded"]
    assert json.loads(invoke("models", "--json").stdout) == {"items": [MODEL]}
    fake.on("GET", MODELS, {"items": [], "next_cursor": None})
    assert "There are no models yet" in invoke("models").stderr


def test_versions_are_listed_with_aliases_and_test_metrics(invoke, fake):
    upload = ENTRY | {"version": 2, "source": "upload", "run_id": None, "aliases": [], "shadow_of": [], "metrics": {}}
    metrics = {"epoch/validation/loss": 1.0, "test/accuracy": 0.96667}
    items = [ENTRY | {"metrics": metrics}, upload, upload | {"version": 1, "metrics": {"epoch/validation/loss": 1.0}}]
    fake.on("GET", f"{MODELS}/iris/versions", {"items": items, "next_cursor": None})
    header, newest, uploaded, oldest = lines(invoke("models", "versions", "iris"))
    assert header.split() == ["VERSION", "ALIASES", "RUN", "REGISTERED", "METRICS"]
    assert newest.split()[:5] == ["3", "production,", "next", "(shadow)", RUN_ID]
    assert newest.endswith("test/accuracy 0.9667")
    assert uploaded.split()[:2] == ["2", "upload"]
    assert oldest.endswith("epoch/validation/loss 1")
    assert json.loads(invoke("models", "versions", "iris", "--json").stdout) == {"items": items}


def test_a_version_is_shown_with_its_lineage(invoke, fake):
    document = ENTRY | {
        "model": "iris",
        "metrics": {"test/accuracy": 0.96667},
        "run": {"id": RUN_ID, "preset": "iris-keras", "experiment": "flowers", "seed": 0},
        "data": {"source": "table", "dataset": "flowers", "version": 2, "sha256": "ab"},
        "artifacts": [{"name": "model.onnx", "num_bytes": 1536}, {"name": "signature.json", "num_bytes": None}],
    }
    fake.on("GET", f"{MODELS}/iris/versions/3", document)
    shown = invoke("models", "show", "iris", "3").stdout
    for words in ("iris, version 3", RUN_ID, "iris-keras", "flowers, version 2", "model.onnx 1.5 KiB", "0.9667"):
        assert words in shown
    assert json.loads(invoke("models", "show", "iris", "3", "--json").stdout) == document
    upload = ENTRY | {"model": "iris", "source": "upload", "run_id": None, "run": None, "data": None, "metrics": {}}
    fake.on("GET", f"{MODELS}/iris/versions/3", upload)
    assert "upload" in invoke("models", "show", "iris", "3").stdout


def test_versions_are_compared_side_by_side(invoke, fake):
    changes = [
        {"version": 3, "difference": -0.5, "verdict": "better"},
        {"version": 4, "difference": None, "verdict": "unknown"},
    ]
    document = {
        "versions": [
            {"version": 2, "num_bytes": 1536},
            {"version": 3, "num_bytes": 1024},
            {"version": 4, "num_bytes": None},
        ],
        "metrics": [{"key": "test/loss", "values": {"2": 1.0, "3": 0.5}, "changes": changes}],
        "spec": [{"pointer": "/training/epochs", "values": {"2": 60, "3": "x" * 50}}],
        "num_spec_differences": 3,
        "remarks": ["Mind the data."],
    }
    fake.on("GET", f"{MODELS}/iris:compare", document)
    header, loss, size, epochs, remark, more = lines(invoke("models", "compare", "iris", "2", "3", "4"))
    assert header.split() == ["VERSION", "2", "VERSION", "3", "VERSION", "4"]
    assert loss.split() == ["test/loss", "1", "0.5", "better"]
    assert size.split() == ["size", "1.5", "KiB", "1.0", "KiB"]
    assert epochs.split() == ["spec", "/training/epochs", "60", f"{'x' * 39}…"]
    assert (remark, more) == ("Mind the data.", "2 more differences between the specs.")
    assert json.loads(invoke("models", "compare", "iris", "2", "3", "--json").stdout) == document


def test_one_version_is_not_compared(invoke, fake):
    result = invoke("models", "compare", "iris", "2")
    assert (result.exit_code, result.stderr) == (1, "Error: Expected two versions or more to compare; got 1.\n")
    assert fake.requests == []


def test_aliases_are_listed_with_shares(invoke, fake):
    split = PRESENT | {"alias": "next", "versions": {"3": 2, "4": 1}, "shadow": 5}
    fake.on("GET", f"{MODELS}/iris/aliases", {"items": [PRESENT, split], "next_cursor": None})
    assert lines(invoke("models", "aliases", "iris")) == [
        "ALIAS       VERSIONS",
        "production  3",
        "next        3 66.67%, 4 33.33%, shadow 5",
    ]
    assert json.loads(invoke("models", "aliases", "iris", "--json").stdout) == {"items": [PRESENT, split]}
    fake.on("GET", f"{MODELS}/iris/aliases", {"items": [], "next_cursor": None})
    assert "iris has no aliases" in invoke("models", "aliases", "iris").stderr


def test_a_version_is_promoted(invoke, fake):
    fake.on("PUT", ALIAS, PRESENT | {"version": 4})
    assert lines(invoke("models", "promote", "iris", "4")) == ["iris production: version 4"]
    assert fake.requests[-1].body == {"version": 4}
    invoke("models", "promote", "iris", "4", "--if-better", "test/loss")
    assert fake.requests[-1].body == {"version": 4, "if_better": "test/loss"}
    fake.on("PUT", f"{MODELS}/iris/aliases/live", PRESENT | {"alias": "live"})
    result = invoke("models", "promote", "iris", "4", "--alias", "live", "--json")
    assert json.loads(result.stdout) == PRESENT | {"alias": "live"}


@pytest.mark.parametrize(
    ("present", "body"),
    [
        ({}, {"versions": {"3": 90, "4": 10}}),
        ({"shadow": 5}, {"versions": {"3": 90, "4": 10}, "shadow": 5}),
        # What was only compared begins to answer.
        ({"shadow": 4}, {"versions": {"3": 90, "4": 10}}),
        ({"versions": {"3": 99, "4": 1}}, {"versions": {"3": 90, "4": 10}}),
    ],
)
def test_a_version_gets_a_share_and_the_present_one_the_rest(invoke, fake, answer, present, body):
    fake.on("GET", ALIAS, answer(PRESENT | present, headers={"ETag": '"7"'}))
    fake.on("PUT", ALIAS, PRESENT | {"versions": {"3": 90, "4": 10}})
    result = invoke("models", "promote", "iris", "4", "--percent", "10", "--if-better", "test/loss")
    assert lines(result) == ["iris production: versions 3 90%, 4 10%"]
    assert fake.requests[-1].body == body | {"if_better": "test/loss"}
    assert fake.requests[-1].headers["if-match"] == '"7"'


@pytest.mark.parametrize(
    "present", [{"version": 4}, {"versions": {"3": 1, "5": 1}}, {"versions": {"3": 1, "4": 1, "5": 1}}]
)
def test_a_share_of_what_is_not_one_other_version_is_not_set(invoke, fake, present):
    fake.on("GET", ALIAS, PRESENT | present)
    result = invoke("models", "promote", "iris", "4", "--percent", "10")
    assert result.exit_code == 1
    assert "are set through the API" in result.stderr
    assert [request.method for request in fake.requests] == ["GET"]


def test_a_share_needs_a_present_version(invoke, fake, answer):
    fake.on("GET", ALIAS, answer({"detail": "Model 'iris' has no alias 'production'."}, 404))
    result = invoke("models", "promote", "iris", "4", "--percent", "10")
    assert "has no present version to keep the rest" in result.stderr


@pytest.mark.parametrize(
    ("present", "body"),
    [
        ({}, {"version": 3, "shadow": 4}),
        ({"versions": {"3": 90, "2": 10}}, {"versions": {"3": 90, "2": 10}, "shadow": 4}),
    ],
)
def test_a_shadow_is_added_to_what_answers(invoke, fake, present, body):
    fake.on("GET", ALIAS, PRESENT | present)
    fake.on("PUT", ALIAS, PRESENT | {"shadow": 4})
    assert lines(invoke("models", "promote", "iris", "4", "--shadow")) == ["iris production: version 3, shadow 4"]
    assert fake.requests[-1].body == body


@pytest.mark.parametrize("option", [["--percent", "10"], ["--if-better", "test/loss"]])
def test_a_shadow_has_no_share_and_no_condition(invoke, fake, option):
    result = invoke("models", "promote", "iris", "4", "--shadow", *option)
    assert (result.exit_code, fake.requests) == (1, [])
    assert "A shadow answers no requests" in result.stderr


def test_an_alias_is_rolled_back(invoke, fake, answer):
    fake.on("POST", f"{ALIAS}:rollback", PRESENT)
    assert lines(invoke("models", "rollback", "iris")) == ["iris production: version 3"]
    fake.on("POST", f"{MODELS}/iris/aliases/live:rollback", answer({"detail": "Nothing before."}, 409))
    result = invoke("models", "rollback", "iris", "--alias", "live")
    assert (result.exit_code, result.stderr) == (1, "Error: Nothing before.\n")


def test_the_history_is_shown(invoke, fake):
    one, split = ({"version": 3, "versions": versions, "shadow": None} for versions in (None, {"3": 90, "4": 10}))
    items = [
        {"action": "rolled_back", "before": split, "after": one, "caller": "ci", "changed_at": TIME},
        {"action": "set", "before": None, "after": split, "caller": None, "changed_at": TIME},
    ]
    fake.on("GET", f"{ALIAS}/history", {"items": items, "next_cursor": None})
    _, last, first = lines(invoke("models", "history", "iris"))
    assert "rolled back  3 90%, 4 10%  3" in last
    assert last.endswith("ci")
    assert "set          nothing       3 90%, 4 10%" in first
    assert json.loads(invoke("models", "history", "iris", "--json").stdout) == {"items": items}
    fake.on("GET", f"{ALIAS}/history", {"items": [], "next_cursor": None})
    assert "has not changed" in invoke("models", "history", "iris").stderr


def test_an_alias_is_deleted(invoke, fake, answer):
    fake.on("DELETE", ALIAS, answer(status=204))
    assert lines(invoke("models", "delete-alias", "iris", "production")) == ["The alias production of iris is deleted."]


def test_a_version_and_a_model_are_deleted(invoke, fake):
    version = {"deleted_aliases": ["a"], "changed_aliases": ["b", "c"], "kept_run": RUN_ID}
    fake.on("DELETE", f"{MODELS}/iris/versions/3", version)
    assert lines(invoke("models", "delete", "iris", "--version", "3", "--force")) == [
        "Deleted version 3 of iris.",
        "Deleted aliases: a.",
        "Changed aliases: b, c.",
        f"Runs that stay: {RUN_ID}.",
    ]
    assert fake.requests[-1].query == [("force", "true")]
    model = {"deleted_aliases": [], "kept_runs": []}
    fake.on("DELETE", f"{MODELS}/iris", model)
    assert lines(invoke("models", "delete", "iris", "-y")) == ["Deleted model iris with all its versions."]
    assert json.loads(invoke("models", "delete", "iris", "--json").stdout) == model
