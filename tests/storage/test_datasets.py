"""What every store of datasets does, in a folder and in a bucket."""

import pytest

from core.errors import ArtifactCorrupt
from core.uploads.folder import DatasetFolder, content_key
from core.uploads.store import DatasetFile

SHA256 = "ab" * 32


@pytest.fixture
def store(place):
    return place.datasets()


def take_in(store, content=b"rows"):
    incoming = store.open()
    incoming.folder.original.write_bytes(content)
    incoming.folder.description.write_text("{}")
    incoming.folder.arrays.mkdir()
    (incoming.folder.arrays / "x.npy").write_bytes(b"numbers")
    incoming.sync()
    return incoming


def put(store, key=SHA256, content=b"rows"):
    incoming = take_in(store, content)
    store.put(store.send(incoming.folder, key))
    incoming.discard()


def test_a_dataset_that_is_sent_is_not_there_until_it_is_put(store):
    incoming = take_in(store)
    sent = store.send(incoming.folder, SHA256)
    assert not store.holds(SHA256)
    assert store.find_original(SHA256) is None
    store.put(sent)
    incoming.discard()
    assert store.holds(SHA256)
    assert store.find_original(SHA256).read_bytes() == b"rows"


def test_another_machine_borrows_what_training_reads(place, store):
    put(store)
    with place.datasets("there").borrowed(SHA256) as datasets_dir:
        folder = DatasetFolder.of(datasets_dir, SHA256)
        assert folder.description.read_text() == "{}"
        assert (folder.arrays / "x.npy").read_bytes() == b"numbers"
        # Nothing but downloads reads the uploaded bytes, which are not brought from elsewhere.
        assert folder.original.exists() != place.is_elsewhere
    assert place.datasets("there").find_original(SHA256).read_bytes() == b"rows"


def test_who_borrows_what_is_not_stored_finds_nothing(store):
    for key in (SHA256, None):
        with store.borrowed(key) as datasets_dir:
            assert not DatasetFolder.of(datasets_dir, SHA256).path.exists()


def test_readings_are_datasets_of_their_own(store):
    key = content_key(SHA256, "0" * 16)
    put(store, key)
    assert (store.holds(key), store.holds(SHA256)) == (True, False)
    assert store.keys_older_than(-60) == [key]
    with store.borrowed(key) as datasets_dir:
        assert DatasetFolder.of(datasets_dir, key).description.is_file()


def test_the_first_of_equal_uploads_stays(place, store):
    put(store)
    put(store, content=b"others")
    assert place.datasets("there").find_original(SHA256).read_bytes() == b"rows"


def test_a_dataset_that_is_taken_away_is_gone_at_once_and_can_be_put_again(place, store):
    put(store, content=b"first")
    delete_files = store.take_away(SHA256)
    assert not store.holds(SHA256)
    # The same bytes are uploaded again before the files of the first are deleted.
    put(store, content=b"again")
    delete_files()
    assert place.datasets("there").find_original(SHA256).read_bytes() == b"again"
    with place.datasets("there").borrowed(SHA256) as datasets_dir:
        assert DatasetFolder.of(datasets_dir, SHA256).description.is_file()
    store.take_away(SHA256)()
    assert store.take_away(SHA256) is None
    assert [name for name in place.names() if "there/" not in name] == []


def test_files_are_listed_hashed_and_downloaded(store, tmp_path_factory):
    put(store)
    files = {file.path: file for file in store.list_files(SHA256)}
    assert {path: file.num_bytes for path, file in files.items()} == {
        "arrays/x.npy": 7,
        "description.json": 2,
        "original": 4,
    }
    assert isinstance(files["original"], DatasetFile)
    target = tmp_path_factory.mktemp("downloads") / "x.npy"
    store.download(SHA256, "arrays/x.npy", target)
    assert target.read_bytes() == b"numbers"
    for path, file in files.items():
        found = store.find_hash(SHA256, path)
        assert found is not None
        # A folder knows the hash of the uploaded bytes alone: it is the name.
        assert file.sha256 in {found, SHA256 if path == "original" else None}
    assert store.find_hash(SHA256, "none") is None
    with pytest.raises(FileNotFoundError):
        store.list_files("cd" * 32)
    with pytest.raises(FileNotFoundError):
        store.download(SHA256, "none", target.with_name("none"))


def test_datasets_are_listed_by_age(store):
    put(store)
    assert store.keys_older_than(60) == []
    assert store.keys_older_than(-60) == [SHA256]


def test_old_files_that_were_never_put_in_place_are_removed(place, store):
    put(store)
    stored = place.names()
    incoming = take_in(store)
    store.send(incoming.folder, "cd" * 32)
    incoming.discard()
    assert store.remove_unfinished(older_than_seconds=60) == 0
    assert store.remove_unfinished(older_than_seconds=-60) == int(place.is_elsewhere)
    assert place.names() == stored


def test_a_changed_file_is_never_borrowed(elsewhere):
    store = elsewhere.datasets()
    put(store)
    changed = next(name for name in elsewhere.names() if name.endswith("x.npy"))
    elsewhere.overwrite(changed, b"NUMBERS")
    with pytest.raises(ArtifactCorrupt, match=r"x\.npy has changed in the store"), store.borrowed(SHA256):
        pass
    manifest = next(name for name in elsewhere.names() if name.endswith("manifest.json"))
    elsewhere.overwrite(manifest, b"{")
    with pytest.raises(ArtifactCorrupt, match="cannot be read"):
        store.list_files(SHA256)


def test_copies_are_not_fetched_again_and_a_copy_cut_short_is_replaced(elsewhere):
    store = elsewhere.datasets()
    put(store)
    with store.borrowed(SHA256) as datasets_dir:
        path = DatasetFolder.of(datasets_dir, SHA256).arrays / "x.npy"
        first = path.stat().st_ino
    with store.borrowed(SHA256):
        assert path.stat().st_ino == first
    path.write_bytes(b"num")
    with store.borrowed(SHA256):
        assert path.read_bytes() == b"numbers"
