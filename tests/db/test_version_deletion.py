from datetime import timedelta

import pytest

from core.alias_targets import make_targets
from core.errors import UnknownModel, VersionServed
from db import alias_history, aliases, artifacts, claims, model_versions, runs, served_models, version_deletion


def delete(database, version, **options):
    with database.transaction() as session:
        return version_deletion.delete_version(session, "adder", version, **options)


def get_run(database, run_id):
    with database.reading() as session:
        return runs.get(session, run_id)


def upload(database, *files, name="adder"):
    with database.transaction() as session:
        return model_versions.register_upload(session, name, files)


def test_a_deleted_version_leaves_its_run_with_its_files(database, finished_run, make_artifact):
    run_id = finished_run(make_artifact("model.onnx", "a"), make_artifact("signature.json", "b"))
    finished_run()
    before = get_run(database, run_id)
    deletion = delete(database, 1)
    assert (deletion.version.version, deletion.version.run_id, deletion.newest_version) == (1, run_id, 2)
    assert deletion.files == ()
    run = get_run(database, run_id)
    assert (run.state, run.model_version, run.revision) == ("succeeded", None, before.revision + 1)
    assert run.updated_at >= before.updated_at - timedelta(seconds=1)
    with database.reading() as session:
        assert len(artifacts.list_for_run(session, run_id)) == 2
        with pytest.raises(UnknownModel, match=r"no version 1\. It has 2\."):
            model_versions.get_version(session, "adder", 1)
    with database.transaction() as session:
        assert runs.delete(session, run_id).version is None


def test_a_number_of_a_deleted_version_is_not_given_again(database, finished_run):
    finished_run()
    delete(database, 1)
    finished_run()
    with database.reading() as session:
        assert [version.version for version in model_versions.list_versions(session, "adder")] == [2]


def test_a_finished_run_whose_version_is_deleted_can_be_finished_again(database, queue_run, claim, finish):
    queue_run()
    claimed = claim()
    assert finish(claimed) == 1
    delete(database, 1)
    with database.transaction() as session:
        again = claims.finish_run(session, claimed.run_id, claimed.attempt, artifacts=(), phases={})
    assert again is None


def test_files_of_a_deleted_upload_are_left_to_nothing_but_what_shares_them(database, finished_run, make_artifact):
    shared = make_artifact("signature.json", "b")
    finished_run(shared)
    upload(database, make_artifact("model.onnx", "c"), shared, make_artifact("training_summary.json", "d"))
    upload(database, make_artifact("model.onnx", "e"), make_artifact("signature.json", "f"))
    upload(database, make_artifact("model.onnx", "e"), make_artifact("signature.json", "9"))
    assert delete(database, 2).files == ("c" * 64, "d" * 64)
    assert delete(database, 3).files == ("f" * 64,)
    assert delete(database, 4).files == ("9" * 64, "e" * 64)


@pytest.mark.parametrize("targets", [make_targets({2: 1}), make_targets({1: 1, 2: 1}), make_targets({1: 1}, 2)])
def test_a_version_that_an_alias_uses_is_deleted_by_force_only(database, finished_run, targets):
    finished_run()
    run_id = finished_run()
    with database.transaction() as session:
        aliases.set_alias(session, "adder", "live", targets)
    with pytest.raises(VersionServed, match="The alias 'live' points to version 2 of model 'adder'"):
        delete(database, 2)
    with pytest.raises(VersionServed, match=f"or delete run {run_id}"), database.transaction() as session:
        runs.delete(session, run_id)
    with database.transaction() as session:
        deletion = runs.delete(session, run_id, force=True, caller="ada")
    is_gone = targets == make_targets({2: 1})
    assert (deletion.deleted_aliases, deletion.changed_aliases) == ((("live",), ()) if is_gone else ((), ("live",)))
    with database.reading() as session:
        found = aliases.find_alias(session, "adder", "live")
        assert (None if found is None else found.targets) == (None if is_gone else make_targets({1: 1}))
        assert alias_history.list_page(session, "adder", "live", limit=1).items[0].caller == "ada"


@pytest.mark.parametrize("version", [2, 0, -1, 2**70])
def test_an_unknown_version_is_not_deleted(database, finished_run, version):
    finished_run()
    with pytest.raises(UnknownModel, match="has no version"):
        delete(database, version)


def test_a_model_is_deleted_with_its_versions_and_its_history(database, finished_run, make_artifact):
    run_id = finished_run(make_artifact("model.onnx", "a"))
    other = finished_run(model_name="iris")
    upload(database, make_artifact("model.onnx", "b"), make_artifact("signature.json", "c"))
    with database.transaction() as session:
        aliases.set_alias(session, "adder", "live", make_targets({1: 9, 2: 1}))
        aliases.set_alias(session, "iris", "live", 1)
        served_models.set_unloaded(session, "adder", is_unloaded=True)
    expected = r"Model 'adder' has the alias 'live'\. Delete it \(/v1/registry/models/adder/aliases/live\)"
    with pytest.raises(VersionServed, match=expected), database.transaction() as session:
        version_deletion.delete_model(session, "adder")
    with database.transaction() as session:
        deletion = version_deletion.delete_model(session, "adder", force=True)
    assert [version.version for version in deletion.versions] == [2, 1]
    assert (deletion.aliases, deletion.files) == (("live",), ("b" * 64, "c" * 64))
    assert get_run(database, run_id).model_version is None
    assert get_run(database, other).model_version == 1
    with database.reading() as session:
        assert [model.name for model in model_versions.list_models(session, limit=9).items] == ["iris"]
        assert alias_history.list_page(session, "adder", "live", limit=9).items == []
        assert len(alias_history.list_page(session, "iris", "live", limit=9).items) == 1
    # The name may be used again; its numbers go on, and it is served.
    finished_run()
    with database.reading() as session:
        served = served_models.read(session, "adder")
    assert (list(served.versions), served.is_unloaded, dict(served.aliases)) == ([3], False, {})


def test_aliases_of_a_model_in_the_way_are_named_together(database, finished_run):
    finished_run()
    with database.transaction() as session:
        for number in range(12):
            aliases.set_alias(session, "adder", f"live-{number:02}", 1)
    expected = r"has the aliases 'live-00', .*'live-09', …\. Delete them"
    with pytest.raises(VersionServed, match=expected), database.transaction() as session:
        version_deletion.delete_model(session, "adder")


def test_an_unknown_model_is_not_deleted(database, finished_run):
    finished_run()
    with pytest.raises(UnknownModel, match="Did you mean 'adder'"), database.transaction() as session:
        version_deletion.delete_model(session, "addre", force=True)
