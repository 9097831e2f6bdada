import os
import time

import pytest

from core.uploads.folder import content_key
from storage.dataset_folders import DatasetFolders

SHA256 = "ab" * 32


@pytest.fixture
def store(tmp_path):
    return DatasetFolders(tmp_path)


def take_in(store, content=b"rows"):
    incoming = store.open()
    incoming.folder.original.write_bytes(content)
    incoming.folder.description.write_text("{}")
    incoming.folder.arrays.mkdir()
    (incoming.folder.arrays / "x.npy").write_bytes(b"numbers")
    incoming.folder.original.chmod(0o600)
    incoming.sync()
    return incoming


def names(store):
    return sorted(path.name for path in store.root.iterdir())


def test_a_folder_appears_whole_under_its_hash_for_every_user(store):
    incoming = take_in(store)
    assert not store.holds(SHA256)
    store.put(store.send(incoming.folder, SHA256))
    incoming.discard()
    assert store.holds(SHA256)
    assert names(store) == ["ab"]
    folder = store.folder(SHA256)
    assert sorted(path.name for path in folder.path.iterdir()) == ["arrays", "description.json", "original"]
    assert folder.original.stat().st_mode & 0o777 == 0o644
    assert folder.path.stat().st_mode & 0o777 == 0o755


def test_a_complete_folder_stays_and_an_incomplete_one_is_replaced(store):
    for content in (b"first", b"second"):
        incoming = take_in(store, content)
        store.put(store.send(incoming.folder, SHA256))
        incoming.discard()
        assert store.folder(SHA256).original.read_bytes() == b"first"
    store.folder(SHA256).description.unlink()
    incoming = take_in(store, b"third")
    store.put(store.send(incoming.folder, SHA256))
    incoming.discard()
    assert store.folder(SHA256).original.read_bytes() == b"third"
    assert store.tidy() == 1
    assert names(store) == ["ab"]


def test_a_discarded_dataset_leaves_nothing(store):
    take_in(store).discard()
    assert names(store) == []


def test_a_folder_that_is_taken_away_is_gone_at_once(store):
    incoming = take_in(store)
    store.put(store.send(incoming.folder, SHA256))
    incoming.discard()
    taken = store.take_away(SHA256)
    assert not store.folder(SHA256).path.exists()
    taken()
    assert names(store) == ["ab"]
    assert store.take_away(SHA256) is None


def test_only_abandoned_folders_are_tidied_away(store):
    living, dead = store.open(), store.open()
    os.close(dead._lock)
    starting, forgotten = store.root / ".incoming-new", store.root / ".incoming-old"
    for path, age in ((starting, 0), (forgotten, 3600)):
        path.mkdir()
        os.utime(path, (time.time() - age,) * 2)
    assert store.tidy() == 2
    assert names(store) == sorted([living.path.name, starting.name])
    living.discard()


def test_stored_datasets_are_listed_by_age(store):
    incoming = take_in(store)
    store.put(store.send(incoming.folder, SHA256))
    incoming.discard()
    assert store.keys_older_than(60) == []
    assert store.keys_older_than(-60) == [SHA256]


def test_readings_lie_where_older_releases_do_not_look(store):
    key = content_key(SHA256, "0" * 16)
    incoming = take_in(store)
    store.put(store.send(incoming.folder, key))
    incoming.discard()
    assert (store.holds(key), store.holds(SHA256)) == (True, False)
    assert store.keys_older_than(-60) == [key]
    assert list(store.root.glob("??/*")) == []


def test_the_original_of_another_folder_is_shared_and_outlives_it(store):
    incoming = take_in(store)
    store.put(store.send(incoming.folder, SHA256))
    incoming.discard()
    other = store.open()
    other.share_original(store.folder(SHA256).original)
    assert other.folder.original.stat().st_nlink == 2
    store.take_away(SHA256)()
    assert other.folder.original.read_bytes() == b"rows"
    with pytest.raises(FileNotFoundError):
        store.open().share_original(store.folder(SHA256).original)


def test_what_another_machine_is_making_is_left_alone_until_nothing_changes_any_more(store, monkeypatch):
    other = store.open()
    os.close(other._lock)
    (other.path / "lock").write_text("another machine")
    assert store.tidy() == 0
    monkeypatch.setattr("core.uploads.incoming.ELSEWHERE_SECONDS", -1)
    assert store.tidy() == 1
    assert names(store) == []
