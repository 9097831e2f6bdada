"""Supervisors whose store is a bucket of a real server, which is not there when it is needed."""

import threading
from datetime import timedelta

import pytest

from core.run_state import RunState
from core.uploads.folder import DatasetFolder
from db import artifacts, runs
from db.session import Database
from storage.bucket import Bucket
from storage.opening import open_storage
from worker.supervisor import Supervisor

SHA256 = "ab" * 32


@pytest.fixture
def database(sqlite_url):
    """What is tried here does not depend on the database."""
    database = Database(sqlite_url)
    yield database
    database.dispose()


@pytest.fixture
def server(make_s3_server, monkeypatch):
    impatient = ({"timeout": timedelta(seconds=1)}, {"max_retries": 1, "retry_timeout": timedelta(seconds=1)})
    monkeypatch.setattr("storage.bucket.LOOKING", impatient)
    monkeypatch.setattr("storage.bucket.CARRYING", impatient)
    monkeypatch.setattr("worker.carrying.RETRY_SECONDS", 0.1)
    server = make_s3_server()
    for name, value in server.credentials.items():
        monkeypatch.setenv(name, value)
    return server


@pytest.fixture
def settings(settings, server):
    return settings.model_copy(
        update={"storage_url": "s3://trainyard/runs", "storage_endpoint": server.url, "lease_seconds": 2.0}
    )


@pytest.fixture
def stored(settings):
    """The settings of other machines that use the same bucket."""
    return lambda name: open_storage(settings.model_copy(update={"data_dir": settings.data_dir / name}))


def files_of(database, run):
    with database.reading() as session:
        return {artifact.name: artifact for artifact in artifacts.list_for_run(session, run.id)}


def test_a_run_that_ends_while_the_store_is_away_keeps_its_lease_and_its_model(
    supervisor, settings, stored, database, queue, server, in_background, wait_until
):
    run = queue.submit("succeeds")
    in_background(supervisor.answer_doorbell)
    wait_until(lambda: queue.get(run).progress == {**(queue.get(run).progress or {}), "step": 10})
    ends_at = queue.get(run).lease_expires_at
    # Longer than the lease that it had then, by the database's clock.
    wait_until(lambda: queue.get(run).lease_expires_at > ends_at + timedelta(seconds=settings.lease_seconds))
    assert queue.get(run).state == RunState.RUNNING
    server.start()
    ended = queue.wait_for(run, RunState.SUCCEEDED)
    assert ended.attempt == 1
    files = files_of(database, run)
    assert set(files) == {"model.onnx", "trainer.log"}
    path = stored("there").artifacts.verified_path(files["model.onnx"].sha256)
    assert path.read_bytes() == f"model of {run.id}".encode()


def test_a_store_that_stays_away_fails_the_run_with_the_reason(settings, make_pool, database, queue):
    run = queue.submit("succeeds")
    Supervisor(settings.model_copy(update={"repair_timeout_seconds": 0.5}), database, make_pool()).answer_doorbell()
    record = queue.wait_for(run, RunState.FAILED)
    assert record.error.code == "storage_unavailable"
    assert "could not be stored. The store s3://trainyard/runs at http" in record.error.detail
    assert files_of(database, run) == {}


def test_a_run_that_fails_does_not_wait_for_its_log_to_be_stored(supervisor, database, queue):
    run = queue.submit("fails")
    supervisor.answer_doorbell()
    assert queue.wait_for(run, RunState.FAILED).error.code == "training_failed"
    assert files_of(database, run) == {}


def put_dataset(stores):
    incoming = stores.datasets.open()
    incoming.folder.original.write_bytes(b"rows")
    incoming.folder.description.write_text("{}")
    incoming.folder.table.write_bytes(b"table")
    stores.datasets.put(stores.datasets.send(incoming.folder, SHA256))
    incoming.discard()


def submit_with_dataset(queue, behaviour):
    """Queue a run that reads a dataset."""
    spec = {"name": behaviour, "seed": 0, "dataset": {"name": "table", "dataset": "rows", "sha256": SHA256}}
    with queue.database.transaction() as session:
        return runs.create(session, experiment="tests", model_name=behaviour, spec=spec)


def test_the_dataset_is_here_before_the_trainer_begins(supervisor, settings, stored, queue, server):
    server.start()
    put_dataset(stored("api"))
    run = submit_with_dataset(queue, "succeeds")
    supervisor.answer_doorbell()
    queue.wait_for(run, RunState.SUCCEEDED)
    (sending,) = (settings.copies_dir / "datasets").iterdir()
    assert DatasetFolder.of(sending, SHA256).table.read_bytes() == b"table"


def test_a_run_whose_dataset_has_changed_in_the_store_fails_with_the_reason(supervisor, stored, queue, server):
    server.start()
    put_dataset(stored("api"))
    bucket = Bucket("s3://trainyard/runs", server.url)
    (name,) = [found.key for found in bucket.list_objects("datasets") if found.key.endswith("table.parquet")]
    bucket.put_bytes(name, b"TABLE")
    run = submit_with_dataset(queue, "succeeds")
    supervisor.answer_doorbell()
    assert queue.wait_for(run, RunState.FAILED).error.code == "artifact_corrupt"


def test_a_run_that_waits_for_its_dataset_can_be_cancelled(supervisor, queue, in_background, wait_until):
    run = submit_with_dataset(queue, "succeeds")
    in_background(supervisor.answer_doorbell)
    wait_until(lambda: queue.get(run).state == RunState.RUNNING)
    queue.cancel(run)
    queue.wait_for(run, RunState.CANCELLED)


def test_a_run_that_waits_for_its_dataset_goes_back_to_the_queue_when_the_worker_drains(
    supervisor, queue, in_background, wait_until
):
    run = submit_with_dataset(queue, "succeeds")
    in_background(supervisor.answer_doorbell)
    wait_until(lambda: queue.get(run).state == RunState.RUNNING)
    wait_until(lambda: any(thread.name == "storage" for thread in threading.enumerate()))
    supervisor.drain()
    queue.wait_for(run, RunState.QUEUED)
