import pytest

from core.errors import UnknownArtifact
from db import artifacts, claims


def test_artifacts_are_listed_by_name(database, finished_run, make_artifact):
    log, model = make_artifact("trainer.log", "b"), make_artifact("model.onnx", "a")
    run_id = finished_run(log, model)
    with database.reading() as session:
        assert artifacts.list_for_run(session, run_id) == [model, log]
        assert artifacts.get(session, run_id, "trainer.log") == log


def test_unknown_artifact_is_named_with_the_nearest(database, finished_run, make_artifact):
    run_id = finished_run(make_artifact("model.onnx"))
    with pytest.raises(UnknownArtifact, match=r"Did you mean 'model\.onnx'"), database.reading() as session:
        artifacts.get(session, run_id, "model.onx")


def test_later_attempt_replaces_files_of_the_same_name(database, queue_run, claim, finish, make_artifact):
    run_id = queue_run()
    claimed = claim()
    with database.transaction() as session:
        claims.release_run(
            session, run_id, claimed.attempt, reason="drain", artifacts=[make_artifact("trainer.log", "a")]
        )
    finish(claim(), make_artifact("trainer.log", "b"))
    with database.reading() as session:
        assert artifacts.get(session, run_id, "trainer.log").sha256 == "b" * 64


def test_only_hashes_that_no_run_refers_to_are_unreferenced(database, finished_run, make_artifact):
    finished_run(make_artifact("model.onnx", "a"))
    with database.reading() as session:
        assert artifacts.unreferenced(session, ["c" * 64, "a" * 64, "b" * 64]) == ["b" * 64, "c" * 64]
        assert artifacts.unreferenced(session, []) == []
