import os
import time

from sqlalchemy import func, select

from db import artifacts, idempotency, registry_changes, runs
from db.claims import claim_run, finish_run
from db.idempotency import RepeatKey, StoredAnswer
from db.records.registry import RegistryChangeRecord
from storage.artifact_folder import ArtifactFolder
from storage.dataset_folders import DatasetFolders
from worker.housekeeping import prune, tidy

TWO_DAYS = 2 * 24 * 3600


def age(path, seconds=TWO_DAYS):
    moment = time.time() - seconds
    os.utime(path, (moment, moment))


def put(settings, tmp_path, content):
    source = tmp_path / "model.onnx"
    source.write_bytes(content)
    store = ArtifactFolder(settings.artifacts_dir)
    artifact = store.put(source)
    return artifact, store.path(artifact.sha256)


def test_an_old_file_that_no_run_refers_to_is_deleted(settings, database, tmp_path):
    _, path = put(settings, tmp_path, b"orphan")
    age(path)

    tidy(settings, database)

    assert not path.exists()


def test_a_file_that_is_uploaded_again_while_old_files_are_deleted_is_kept(settings, database, tmp_path, monkeypatch):
    _, path = put(settings, tmp_path, b"network")
    age(path)
    find = artifacts.unreferenced

    def find_and_upload(session, hashes):
        found = find(session, hashes)
        # Another process stores the same bytes between the two looks.
        put(settings, tmp_path, b"network")
        return found

    monkeypatch.setattr(artifacts, "unreferenced", find_and_upload)
    tidy(settings, database)
    assert path.exists()


def test_a_young_file_is_kept_for_the_run_that_may_be_about_to_name_it(settings, database, tmp_path):
    _, path = put(settings, tmp_path, b"young")

    tidy(settings, database)

    assert path.exists()


def test_an_old_file_of_a_run_is_kept(settings, database, queue, tmp_path):
    artifact, path = put(settings, tmp_path, b"model")
    age(path)
    queue.submit("succeeds")
    with database.transaction() as session:
        claimed = claim_run(session, owner="here", lease_seconds=60)
        finish_run(session, claimed.run_id, claimed.attempt, artifacts=[artifact], phases={})

    tidy(settings, database)

    assert path.exists()
    with database.reading() as session:
        assert runs.get(session, claimed.run_id).model_version == 1


def test_half_written_files_and_scratch_of_long_ago_are_deleted(settings, database):
    incoming = settings.artifacts_dir / ".incoming-abc"
    incoming.parent.mkdir(parents=True)
    incoming.write_bytes(b"half")
    scratch = settings.scratch_dir / "some-run"
    scratch.mkdir(parents=True)
    for path in (incoming, scratch):
        age(path, TWO_DAYS + settings.run_timeout_seconds)

    tidy(settings, database)

    assert not incoming.exists()
    assert not scratch.exists()


def test_scratch_of_a_long_run_is_kept(settings, database):
    scratch = settings.scratch_dir / "some-run"
    scratch.mkdir(parents=True)
    age(scratch, settings.run_timeout_seconds)

    tidy(settings, database)

    assert scratch.exists()


def test_old_idempotency_keys_are_forgotten(settings, database, monkeypatch):
    monkeypatch.setattr("worker.housekeeping.KEPT_SECONDS", -60.0)
    taken = RepeatKey("k", "POST /v1/runs", "0" * 64)
    with database.transaction() as session:
        idempotency.begin(session, taken)
        idempotency.complete(session, taken, StoredAnswer(202, "/v1/runs/x", "{}"))

    tidy(settings, database)

    with database.transaction() as session:
        assert idempotency.begin(session, taken) is None


def test_files_of_a_dataset_that_no_version_has_are_deleted(settings, database):
    store = DatasetFolders(settings.datasets_dir)
    folder = store.folder("a" * 64)
    folder.path.mkdir(parents=True)
    folder.original.write_bytes(b"orphan")
    age(folder.path)
    incoming = store.open()

    tidy(settings, database)

    assert not folder.path.exists()
    assert incoming.path.exists()
    incoming.discard()


def test_the_oldest_files_go_first_and_no_more_than_must(tmp_path):
    for age, name in enumerate(["new", "middle", "folder/old"]):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes(100))
        os.utime(path, (1000 - age, 1000 - age))

    prune(tmp_path, 250)

    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["middle", "new"]


def test_a_cache_that_was_never_used_needs_no_pruning(tmp_path):
    prune(tmp_path / "none", 0)

    assert not (tmp_path / "none").exists()


def test_changes_of_the_registry_that_everyone_has_read_are_removed(settings, database, monkeypatch):
    monkeypatch.setattr(registry_changes.prune, "__defaults__", (2,))
    with database.transaction() as session:
        session.add_all([RegistryChangeRecord(model_name=f"model-{number}") for number in range(5)])

    tidy(settings, database)

    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(RegistryChangeRecord)) == 2


def test_runs_beyond_the_policy_of_the_settings_are_deleted_with_their_files(settings, database, tmp_path):
    artifact, path = put(settings, tmp_path, b"weights")
    ids = []
    for files in ([artifact], []):
        with database.transaction() as session:
            ids.append(runs.create(session, experiment="e", model_name="m", spec={"seed": 1}).id)
            claimed = claim_run(session, owner="w", lease_seconds=60)
            finish_run(session, claimed.run_id, claimed.attempt, artifacts=files, phases={})

    tidy(settings, database)
    assert path.exists()
    tidy(settings.model_copy(update={"retention_max_runs": 1}), database)

    assert not path.exists()
    with database.reading() as session:
        assert [run.id for run in runs.list_page(session).items] == ids[1:]
