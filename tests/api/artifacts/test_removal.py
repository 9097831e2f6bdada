"""Removal of files while the same bytes are uploaded or stored by a run."""

import threading

import pytest

from api.artifacts.removal import remove_files
from core.artifacts import ONNX_MODEL, SIGNATURE
from db import artifacts, model_versions


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request):
    return request.param


@pytest.fixture
def service(client):
    return client.app.state.service


@pytest.fixture
def files(worker, make_line):
    folder = make_line(2.0)
    return [worker.store.put(folder / name) for name in (ONNX_MODEL, SIGNATURE)]


def test_files_that_nothing_refers_to_are_removed(service, worker, files):
    assert remove_files(service, [file.sha256 for file in files]) == 2
    assert [worker.store.find_size(file.sha256) for file in files] == [None, None]
    assert remove_files(service, []) == 0


def test_files_that_are_registered_meanwhile_stay(service, worker, database, files):
    """The upload has locked its files, and found them there; the removal waits, and finds them referred to."""
    hashes = [file.sha256 for file in files]
    removed = []
    with database.transaction() as session:
        artifacts.lock_files(session, hashes)
        removal = threading.Thread(target=lambda: removed.append(remove_files(service, hashes)))
        removal.start()
        removal.join(0.3)
        assert removal.is_alive()
        assert all(worker.store.find_size(sha256) for sha256 in hashes)
        model_versions.register_upload(session, "line", files)
    removal.join(30)
    assert removed == [0]
    assert all(worker.store.find_size(sha256) for sha256 in hashes)


def test_an_upload_that_waits_for_a_removal_finds_the_file_gone(service, worker, database, files, monkeypatch):
    hashes = [file.sha256 for file in files]
    is_locked, goes_on = threading.Event(), threading.Event()
    find = artifacts.unreferenced

    def wait(session, wanted):
        is_locked.set()
        goes_on.wait(30)
        return find(session, wanted)

    monkeypatch.setattr(artifacts, "unreferenced", wait)
    removal = threading.Thread(target=remove_files, args=(service, hashes))
    removal.start()
    assert is_locked.wait(30)
    threading.Timer(0.2, goes_on.set).start()
    with database.transaction() as session:
        artifacts.lock_files(session, hashes)
        left = [worker.store.find_size(sha256) for sha256 in hashes]
    removal.join(30)
    assert left == [None, None]
