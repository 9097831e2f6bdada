from uuid import uuid4

import pytest

from core.errors import UnknownModel
from db import aliases, model_versions, runs


def ask(database, function, *arguments):
    with database.reading() as session:
        return function(session, *arguments)


def change(database, function, *arguments):
    with database.transaction() as session:
        return function(session, *arguments)


def test_each_success_registers_the_next_version(database, finished_run):
    made = [finished_run(), finished_run()]
    finished_run(model_name="iris")
    model = ask(database, model_versions.get_model, "adder")
    assert [(version.version, version.run_id) for version in model.versions] == [(2, made[1]), (1, made[0])]
    assert ask(database, model_versions.list_names) == ["adder", "iris"]


def test_number_of_a_deleted_version_is_not_reused(database, finished_run):
    finished_run()
    change(database, runs.delete, finished_run())
    finished_run()
    assert [version.version for version in ask(database, model_versions.get_model, "adder").versions] == [3, 1]


def test_model_whose_versions_are_all_deleted_is_unknown(database, finished_run):
    change(database, runs.delete, finished_run())
    assert ask(database, model_versions.list_names) == []
    with pytest.raises(UnknownModel):
        ask(database, model_versions.get_model, "adder")


def test_resolving_finds_the_newest_a_number_or_an_alias(database, finished_run, make_artifact):
    first = finished_run(make_artifact("model.onnx", "b"), make_artifact("signature.json", "c"))
    second = finished_run(make_artifact("model.onnx", "d"))
    change(database, aliases.set_alias, "adder", "stable", 1)
    newest, numbered, labelled = (
        ask(database, model_versions.resolve, "adder", wanted) for wanted in (None, 1, "stable")
    )
    assert (newest.version, newest.run_id) == (2, second)
    assert newest.artifacts == {"model.onnx": make_artifact("model.onnx", "d")}
    assert (numbered.version, numbered.run_id, sorted(numbered.artifacts)) == (
        1,
        first,
        ["model.onnx", "signature.json"],
    )
    assert labelled == numbered


def test_version_without_artifacts_resolves(database, finished_run):
    finished_run()
    assert ask(database, model_versions.resolve, "adder").artifacts == {}


@pytest.mark.parametrize(
    ("model_name", "version", "message"),
    [
        ("addr", None, "no model 'addr'. Did you mean 'adder'?"),
        ("adder", 9, "has no version 9. It has 1."),
        ("adder", 2**70, "has no version"),
        ("adder", "stabel", "has no alias 'stabel'. Did you mean 'stable'? Its aliases are stable."),
        ("adder", "best", "has no alias 'best'. Its aliases are stable."),
        # An alias may not begin with a digit, but a client may ask for one that does.
        ("adder", "1", "has no alias '1'. Its aliases are stable. A version is named by /versions/1."),
        ("adder", "3", "has no alias '3'. Its aliases are stable. A version is named by /versions/3."),
    ],
)
def test_what_is_not_there_is_named_with_what_is(database, finished_run, model_name, version, message):
    finished_run()
    change(database, aliases.set_alias, "adder", "stable", 1)
    with pytest.raises(UnknownModel) as caught:
        ask(database, model_versions.resolve, model_name, version)
    assert message in caught.value.detail


def test_a_model_without_aliases_is_said_to_have_none(database, finished_run):
    finished_run()
    with pytest.raises(UnknownModel, match=r"has no alias '3'\. It has no aliases\. A version is named by /versions/3"):
        ask(database, model_versions.resolve, "adder", "3")


def test_names_are_those_of_models_with_a_version(database, finished_run):
    finished_run()
    finished_run()
    assert ask(database, model_versions.list_names).count("adder") == 1


def test_only_the_newest_versions_are_named(database, finished_run):
    for _ in range(12):
        finished_run()
    with pytest.raises(UnknownModel, match=r"It has 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, …\."):
        ask(database, model_versions.get_version, "adder", 13)


def test_one_version_is_shown_with_its_aliases(database, finished_run):
    run_id = finished_run()
    finished_run()
    change(database, aliases.set_alias, "adder", "stable", 1)
    change(database, aliases.set_alias, "adder", "best", 1)
    version = ask(database, model_versions.get_version, "adder", 1)
    assert (version.version, version.run_id, version.aliases) == (1, run_id, ("best", "stable"))


def test_empty_registry_says_so(database):
    with pytest.raises(UnknownModel, match="No run has registered a model yet"):
        ask(database, model_versions.resolve, "adder")


def test_alias_moves(database, finished_run):
    finished_run()
    finished_run()
    assert change(database, aliases.set_alias, "adder", "stable", 1).revision == 1
    moved = change(database, aliases.set_alias, "adder", "stable", 2)
    assert (moved.targets.version, moved.revision) == (2, 2)
    versions = ask(database, model_versions.get_model, "adder").versions
    assert [(version.version, version.aliases) for version in versions] == [(2, ("stable",)), (1, ())]


def test_alias_can_only_point_at_a_version(database, finished_run):
    finished_run()
    with pytest.raises(UnknownModel, match="no version 2"):
        change(database, aliases.set_alias, "adder", "stable", 2)


def test_alias_goes_with_its_version_where_that_is_deleted_by_force(database, finished_run):
    finished_run()
    run_id = finished_run()
    change(database, aliases.set_alias, "adder", "stable", 2)
    with database.transaction() as session:
        runs.delete(session, run_id, force=True)
    with pytest.raises(UnknownModel):
        ask(database, aliases.get_alias, "adder", "stable")


def test_alias_can_be_taken_off(database, finished_run):
    finished_run()
    change(database, aliases.set_alias, "adder", "stable", 1)
    change(database, aliases.delete_alias, "adder", "stable")
    with pytest.raises(UnknownModel):
        change(database, aliases.delete_alias, "adder", "stable")


def test_alias_of_an_unknown_model_is_unknown(database):
    with pytest.raises(UnknownModel):
        ask(database, aliases.get_alias, f"model-{uuid4()}", "stable")


def test_models_come_in_pages_with_their_newest_versions(database, finished_run):
    for name in ("b", "a", "b", "c", "b"):
        finished_run(model_name=name)
    with database.reading() as session:
        page = model_versions.list_models(session, limit=2, max_versions=2)
        rest = model_versions.list_models(session, limit=2, cursor=page.next_cursor)
    found = [
        (model.name, model.num_versions, [version.version for version in model.versions])
        for model in (*page.items, *rest.items)
    ]
    assert found == [("a", 1, [1]), ("b", 3, [3, 2]), ("c", 1, [1])]
    assert rest.next_cursor is None


def test_versions_come_in_pages_newest_first(database, finished_run):
    for _ in range(3):
        finished_run()
    with database.reading() as session:
        page = model_versions.list_versions_page(session, "adder", limit=2)
        rest = model_versions.list_versions_page(session, "adder", limit=2, cursor=page.next_cursor)
        with pytest.raises(UnknownModel, match="Did you mean 'adder'"):
            model_versions.list_versions_page(session, "addre", limit=2)
    assert [version.version for version in (*page.items, *rest.items)] == [3, 2, 1]
    assert rest.next_cursor is None


def test_an_uploaded_version_resolves_to_its_files(database, finished_run, make_artifact):
    finished_run(make_artifact("model.onnx", "a"), make_artifact("trainer.log", "b"))
    files = [make_artifact("model.onnx", "c"), make_artifact("signature.json", "d")]
    assert change(database, model_versions.register_upload, "adder", files) == 2
    uploaded = ask(database, model_versions.resolve, "adder")
    assert (uploaded.version, uploaded.run_id) == (2, None)
    assert {name: (file.sha256, file.media_type) for name, file in uploaded.artifacts.items()} == {
        "model.onnx": ("c" * 64, "application/onnx"),
        "signature.json": ("d" * 64, "application/json"),
    }
    assert sorted(ask(database, model_versions.resolve, "adder", 1).artifacts) == ["model.onnx", "trainer.log"]
