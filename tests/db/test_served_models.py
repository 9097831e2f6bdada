import pytest

from core.errors import UnknownModel
from db import model_versions, served_models


def read(database, model_name="adder"):
    with database.reading() as session:
        return served_models.read(session, model_name)


def set_unloaded(database, model_name, *, is_unloaded):
    with database.transaction() as session:
        served_models.set_unloaded(session, model_name, is_unloaded=is_unloaded)


def test_a_model_is_unloaded_until_it_is_loaded_again(database, finished_run):
    finished_run()
    assert not read(database).is_unloaded
    set_unloaded(database, "adder", is_unloaded=True)
    assert read(database).is_unloaded
    set_unloaded(database, "adder", is_unloaded=False)
    assert not read(database).is_unloaded


@pytest.mark.parametrize("is_unloaded", [False, True])
def test_only_a_model_with_a_version_can_be_unloaded(database, finished_run, is_unloaded):
    finished_run()
    with pytest.raises(UnknownModel, match="Did you mean 'adder'"):
        set_unloaded(database, "addr", is_unloaded=is_unloaded)


def test_an_uploaded_version_is_served_with_the_files_it_came_with(database, finished_run, make_artifact):
    finished_run(make_artifact("model.onnx", "a"), make_artifact("signature.json", "b"))
    files = [make_artifact("model.onnx", "c"), make_artifact("signature.json", "d")]
    with database.transaction() as session:
        assert model_versions.register_upload(session, "adder", files) == 2
        assert model_versions.register_upload(session, "uploaded", files) == 1
    version = read(database).versions[2]
    assert (version.run_id, version.network_sha256, version.signature_sha256, version.reference_sha256) == (
        None,
        "c" * 64,
        "d" * 64,
        None,
    )
    assert read(database).newest == 2
    assert list(read(database, "uploaded").versions) == [1]


def test_every_version_is_listed_by_name_and_number(database, finished_run, make_artifact):
    finished_run()
    finished_run()
    with database.transaction() as session:
        model_versions.register_upload(session, "a", [make_artifact("model.onnx", "c")])
    set_unloaded(database, "adder", is_unloaded=True)
    with database.reading() as session:
        listed = served_models.list_versions(session)
    assert [(version.model_name, version.version, version.is_unloaded) for version in listed] == [
        ("a", 1, False),
        ("adder", 1, True),
        ("adder", 2, True),
    ]
