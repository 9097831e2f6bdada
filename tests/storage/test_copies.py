import os
import time

import pytest

from storage.copies import GRACE_SECONDS, Copies

OLD = GRACE_SECONDS + 100


@pytest.fixture
def copies(tmp_path):
    return Copies(tmp_path, max_bytes=250)


def fill(copies, name, age=0.0, num_bytes=100):
    path = copies.artifacts_dir / name[:2] / name
    copies.fill(path, lambda target: target.write_bytes(bytes(num_bytes)))
    moment = time.time() - age
    os.utime(path, (moment, moment))
    return path


def fill_dataset(copies, name, age=0.0):
    folder = copies.dataset_dir(name)
    with copies.held(folder):
        copies.fill(folder / "uploads" / "table.parquet", lambda target: target.write_bytes(bytes(100)))
    moment = time.time() - age
    os.utime(folder / ".lock", (moment, moment))
    return folder


def test_the_least_recently_used_copies_make_room(copies):
    oldest, older = fill(copies, "aaaa", OLD + 2), fill(copies, "bbbb", OLD + 1)
    newest = fill(copies, "cccc", OLD)
    copies.make_room()
    assert [path.exists() for path in (oldest, older, newest)] == [False, True, True]


def test_what_was_used_just_now_stays_however_much_there_is(copies):
    paths = [fill(copies, name * 4) for name in "abcd"]
    copies.make_room()
    assert all(path.exists() for path in paths)


def test_a_dataset_goes_as_a_whole_unless_somebody_holds_it(copies):
    held, free = fill_dataset(copies, "held", OLD + 2), fill_dataset(copies, "free", OLD + 1)
    with copies.held(held):
        os.utime(held / ".lock", (time.time() - OLD - 2,) * 2)
        fill(copies, "aaaa", num_bytes=200)
        assert (held / "uploads" / "table.parquet").exists()
        assert not free.exists()


def test_a_copy_that_cannot_be_written_leaves_nothing(copies):
    def fail(target):
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        copies.fill(copies.artifacts_dir / "aa" / "aaaa", fail)
    assert [path for path in copies.root.rglob("*") if path.is_file()] == []


def test_a_folder_that_was_removed_while_its_lock_was_waited_for_is_made_again(copies):
    folder = fill_dataset(copies, "one", OLD)
    fill(copies, "aaaa", num_bytes=300)
    assert not folder.exists()
    with copies.held(folder):
        assert folder.is_dir()
