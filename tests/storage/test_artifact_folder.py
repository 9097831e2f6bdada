import hashlib
import os
import threading
from pathlib import Path

import pytest

from core import artifacts
from core.artifacts import hash_file
from core.errors import ArtifactCorrupt
from storage.artifact_folder import ArtifactFolder

ABC_SHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
"""Of "abc": the first example of FIPS 180-2, appendix B.1."""


@pytest.fixture
def store(tmp_path):
    return ArtifactFolder(tmp_path / "store")


@pytest.fixture
def abc(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"abc")
    return path


def files_in(store):
    return sorted(path for path in store.root.rglob("*") if path.is_file())


def test_a_file_is_stored_under_the_hash_of_its_bytes(store, abc):
    artifact = store.put(abc)
    assert artifact.name == "model.onnx"
    assert artifact.sha256 == ABC_SHA256
    assert artifact.num_bytes == 3
    assert files_in(store) == [store.root / "ba" / ABC_SHA256]
    assert store.path(ABC_SHA256).read_bytes() == b"abc"
    assert abc.exists()


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("model.onnx", "application/onnx"),
        ("model.keras", "application/zip"),
        ("signature.json", "application/json"),
        ("trainer.log", "text/plain; charset=utf-8"),
        ("weights.bin", "application/octet-stream"),
        ("README", "application/octet-stream"),
    ],
)
def test_a_name_decides_the_media_type(store, abc, name, media_type):
    artifact = store.put(abc, name)
    assert (artifact.name, artifact.media_type) == (name, media_type)


def test_the_same_bytes_are_stored_once_whatever_they_are_called(store, abc):
    assert store.put(abc).sha256 == store.put(abc, "signature.json").sha256
    assert len(files_in(store)) == 1


def test_files_larger_than_a_chunk_are_stored_whole(store, tmp_path):
    content = bytes(range(256)) * (artifacts.CHUNK_BYTES // 256) + b"end"
    source = tmp_path / "large"
    source.write_bytes(content)
    artifact = store.put(source)
    assert artifact.num_bytes == len(content)
    assert artifact.sha256 == hashlib.sha256(content).hexdigest() == hash_file(source)
    assert store.verified_path(artifact.sha256).read_bytes() == content


def test_an_empty_file_is_stored(store, tmp_path):
    (tmp_path / "empty").touch()
    assert store.verified_path(store.put(tmp_path / "empty").sha256).read_bytes() == b""


def test_a_flipped_bit_is_found(store, abc):
    path = store.path(store.put(abc).sha256)
    path.write_bytes(b"abb")
    with pytest.raises(ArtifactCorrupt, match=r"ba7816bf8f01… has changed on disk"):
        store.verified_path(ABC_SHA256)


def test_a_file_cut_short_is_found(store, abc):
    store.path(store.put(abc).sha256).write_bytes(b"ab")
    with pytest.raises(ArtifactCorrupt, match="has changed"):
        store.verified_path(ABC_SHA256)


def test_a_missing_file_is_found(store):
    with pytest.raises(ArtifactCorrupt, match="is missing from the store"):
        store.verified_path(ABC_SHA256)


def test_putting_a_file_again_replaces_a_damaged_one(store, abc):
    store.path(store.put(abc).sha256).write_bytes(b"abb")
    store.put(abc)
    assert store.verified_path(ABC_SHA256).read_bytes() == b"abc"


@pytest.mark.parametrize("interruption", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_an_interrupted_put_leaves_nothing(store, abc, monkeypatch, interruption, moment):
    def interrupt(*_):
        raise interruption

    if moment == "fsync":
        monkeypatch.setattr(os, "fsync", interrupt)
    else:
        monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(type(interruption)):
        store.put(abc)
    assert files_in(store) == []


def test_a_missing_source_leaves_neither_file_nor_descriptor(store, tmp_path):
    descriptors = Path("/proc/self/fd")
    before = len(list(descriptors.iterdir()))
    for _ in range(5):
        with pytest.raises(FileNotFoundError):
            store.put(tmp_path / "nowhere")
    assert len(list(descriptors.iterdir())) == before
    assert files_in(store) == []


def test_bytes_are_on_disk_before_they_appear_under_their_hash(store, abc, monkeypatch):
    events = []
    sync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: (events.append("sync"), sync(descriptor)))
    monkeypatch.setattr(Path, "replace", lambda source, target: (events.append("appear"), replace(source, target)))
    store.put(abc)
    # First the bytes; then the two folders that were made or changed.
    assert events == ["sync", "appear", "sync", "sync"]
    events.clear()
    store.put(abc)
    assert events == ["sync", "appear", "sync"]


def test_the_same_file_put_by_many_at_once_is_stored_once(store, abc):
    threads = [threading.Thread(target=store.put, args=(abc,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert files_in(store) == [store.verified_path(ABC_SHA256)]


def test_a_deleted_file_is_gone_and_can_be_deleted_again(store, abc):
    store.put(abc)
    store.delete(ABC_SHA256)
    store.delete(ABC_SHA256)
    assert files_in(store) == []
