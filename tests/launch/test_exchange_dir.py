import os
import stat

import pytest

from launch.exchange_dir import GRACE_SECONDS, PREFIX, exchange_dir


def make_left(parent, age_seconds=2 * GRACE_SECONDS):
    """A folder of a start that was killed."""
    folder = parent / f"{PREFIX}left"
    folder.mkdir()
    (folder / "measurements.0").write_text("{}")
    moment = folder.stat().st_mtime - age_seconds
    os.utime(folder, (moment, moment))
    return folder


def test_the_folder_is_private_and_gone_afterwards(tmp_path):
    with exchange_dir(tmp_path) as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "measurements.0").write_text("{}")
    assert list(tmp_path.iterdir()) == []


def test_an_error_removes_it_too(tmp_path):
    with pytest.raises(ZeroDivisionError), exchange_dir(tmp_path):
        _ = 1 / 0
    assert list(tmp_path.iterdir()) == []


def test_two_starts_have_two_folders_and_leave_each_other_alone(tmp_path):
    with exchange_dir(tmp_path) as first:
        os.utime(first, (0, 0))
        with exchange_dir(tmp_path) as second:
            assert first != second
            assert first.is_dir()
        assert first.is_dir()


def test_what_a_killed_start_left_behind_is_removed(tmp_path):
    left = make_left(tmp_path)
    with exchange_dir(tmp_path):
        assert not left.exists()


def test_a_folder_that_may_be_about_to_be_locked_is_kept(tmp_path):
    left = make_left(tmp_path, age_seconds=0)
    with exchange_dir(tmp_path):
        assert left.exists()


def test_a_link_with_such_a_name_is_not_followed(tmp_path):
    target = tmp_path / "elsewhere"
    target.mkdir()
    (tmp_path / f"{PREFIX}link").symlink_to(target)
    os.utime(target, (0, 0))
    with exchange_dir(tmp_path):
        assert target.is_dir()
