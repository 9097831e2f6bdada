"""What every store of artifacts does, in a folder and in a bucket."""

import hashlib
import os
import threading
from datetime import timedelta

import pytest

from core.artifacts import hash_file
from core.errors import ArtifactCorrupt

ABC_SHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
"""Of "abc": the first example of FIPS 180-2, appendix B.1."""
ABC = f"artifacts/ba/{ABC_SHA256}"


@pytest.fixture
def store(place):
    return place.artifacts()


@pytest.fixture
def abc(tmp_path_factory):
    path = tmp_path_factory.mktemp("source") / "model.onnx"
    path.write_bytes(b"abc")
    return path


def test_a_file_is_stored_under_its_hash_and_read_on_another_machine(place, store, abc):
    artifact = store.put(abc)
    assert (artifact.name, artifact.sha256, artifact.num_bytes) == ("model.onnx", ABC_SHA256, 3)
    assert artifact.media_type == "application/onnx"
    assert place.names() == [ABC]
    assert place.artifacts("there").verified_path(ABC_SHA256).read_bytes() == b"abc"
    assert store.find_size(ABC_SHA256) == 3
    assert store.find_hash(ABC_SHA256) == ABC_SHA256


def test_equal_bytes_are_stored_once_and_their_time_is_renewed(place, store, abc):
    assert store.put(abc).sha256 == store.put(abc, "signature.json").sha256
    before = store.find(ABC_SHA256).stored_at
    # The clock of a bucket counts seconds.
    while store.now() < before + timedelta(seconds=1):
        threading.Event().wait(0.1)
    store.put(abc)
    assert store.find(ABC_SHA256).stored_at > before
    assert place.names() == [ABC]


def test_a_file_of_many_parts_is_stored_whole(store, place, tmp_path_factory):
    source = tmp_path_factory.mktemp("source") / "large"
    source.write_bytes(os.urandom(20 * 1024 * 1024 + 1))
    artifact = store.put(source)
    assert artifact.num_bytes == 20 * 1024 * 1024 + 1
    assert artifact.sha256 == hash_file(source)
    assert hash_file(place.artifacts("there").verified_path(artifact.sha256)) == artifact.sha256
    target = source.with_name("copy")
    store.download(artifact.sha256, target)
    assert hash_file(target) == artifact.sha256


def test_an_empty_file_is_stored(store, place, tmp_path_factory):
    source = tmp_path_factory.mktemp("source") / "empty"
    source.touch()
    sha256 = store.put(source).sha256
    assert place.artifacts("there").verified_path(sha256).read_bytes() == b""
    assert store.find_size(sha256) == 0


@pytest.mark.parametrize("damaged", [b"abb", b"ab", b""])
def test_damaged_bytes_are_found_and_leave_nothing(place, store, abc, damaged):
    store.put(abc)
    place.overwrite(ABC, damaged)
    with pytest.raises(ArtifactCorrupt, match=r"ba7816bf8f01… has changed"):
        place.artifacts("there").verified_path(ABC_SHA256)
    assert store.find_hash(ABC_SHA256) == hashlib.sha256(damaged).hexdigest()
    with pytest.raises(ArtifactCorrupt):
        store.download(ABC_SHA256, abc.with_name("copy"))
    assert not abc.with_name("copy").exists()
    store.put(abc)
    assert store.verified_path(ABC_SHA256).read_bytes() == b"abc"


def test_a_missing_file_is_found(store, tmp_path):
    with pytest.raises(ArtifactCorrupt, match="is missing from the store"):
        store.verified_path(ABC_SHA256)
    with pytest.raises(ArtifactCorrupt, match="is missing from the store"):
        store.download(ABC_SHA256, tmp_path / "copy")
    assert store.find(ABC_SHA256) is None
    assert store.find_size(ABC_SHA256) is None
    assert store.find_hash(ABC_SHA256) is None


def test_a_deleted_file_is_gone_and_can_be_deleted_again(place, store, abc):
    store.put(abc)
    store.verified_path(ABC_SHA256)
    store.delete(ABC_SHA256)
    store.delete(ABC_SHA256)
    assert store.find(ABC_SHA256) is None
    with pytest.raises(ArtifactCorrupt):
        store.verified_path(ABC_SHA256)
    assert place.names() == []


def test_all_files_are_listed_with_times_of_the_stores_clock(store, abc):
    store.put(abc)
    empty = abc.with_name("empty")
    empty.touch()
    store.put(empty)
    files = {file.name: file for file in store.list_files()}
    assert {name: file.num_bytes for name, file in files.items()} == {
        ABC_SHA256: 3,
        hashlib.sha256(b"").hexdigest(): 0,
    }
    for file in files.values():
        assert timedelta(seconds=-1) <= store.now() - file.stored_at < timedelta(minutes=1)
        assert store.find(file.name) == file


def test_a_file_that_changes_while_it_is_stored_is_never_read_as_what_it_was(place, store, abc, monkeypatch):
    # The hash is known before the upload begins; a folder reads the file once.
    monkeypatch.setattr("storage.artifact_objects.hash_file", lambda _: ABC_SHA256)
    abc.write_bytes(b"abcd")
    if place.is_elsewhere:
        with pytest.raises(OSError, match="has changed while it was stored"):
            store.put(abc)
        assert place.names() == []
    else:
        assert store.put(abc).sha256 == hashlib.sha256(b"abcd").hexdigest()


def test_many_who_store_and_read_at_once_have_one_file(place, store, abc):
    failures = []

    def work():
        try:
            store.put(abc)
            assert store.verified_path(ABC_SHA256).read_bytes() == b"abc"
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert place.names() == [ABC]
