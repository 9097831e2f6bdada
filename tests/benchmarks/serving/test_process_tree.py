import os
import subprocess
import sys

import pytest

from benchmarks.serving.process_tree import PAGE_BYTES, list_tree, processor_seconds, resident_bytes


@pytest.fixture
def proc(tmp_path):
    """1 started 20 and 30; 20 started 21; 40 is a stranger with a name that looks like fields."""
    for pid, parent, name in ((1, 0, "root"), (20, 1, "a b"), (21, 20, "worker"), (30, 1, "x"), (40, 2, "d) S 1 (")):
        folder = tmp_path / str(pid)
        (folder / "task" / str(pid)).mkdir(parents=True)
        (folder / "stat").write_text(f"{pid} ({name}) S {parent} 0 0\n")
        (folder / "statm").write_text(f"900 {pid} 1 0\n")
        (folder / "task" / str(pid) / "schedstat").write_text(f"{pid}000000000 5 5\n")
    (tmp_path / "20" / "task" / "22").mkdir()
    (tmp_path / "20" / "task" / "22" / "schedstat").write_text("500000000 0 0\n")
    (tmp_path / "uptime").write_text("1.0\n")
    return tmp_path


def test_a_tree_is_a_process_and_all_below_it(proc):
    assert list_tree(20, proc) == {20, 21}
    assert list_tree(1, proc) == {1, 20, 21, 30}
    assert list_tree(99, proc) == set()


def test_a_process_that_has_ended_is_none(proc):
    (proc / "21" / "stat").write_text("21 (worker) Z 20 0 0\n")

    assert list_tree(20, proc) == {20}


def test_processor_time_is_that_of_all_threads(proc):
    assert processor_seconds(20, proc) == 20 + 0.5 + 21


def test_resident_memory_is_the_sum_of_its_pages(proc):
    assert resident_bytes(20, proc) == PAGE_BYTES * (20 + 21)


def test_a_process_that_ends_meanwhile_counts_nothing(proc):
    (proc / "21" / "statm").unlink()
    (proc / "21" / "task" / "21" / "schedstat").unlink()

    assert resident_bytes(20, proc) == PAGE_BYTES * 20
    assert processor_seconds(20, proc) == 20.5


def test_a_child_belongs_to_this_process():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert {os.getpid(), child.pid} <= list_tree(os.getpid())
        assert list_tree(child.pid) == {child.pid}
        assert resident_bytes(child.pid) > 0
    finally:
        child.communicate(b"\n")
    assert list_tree(child.pid) == set()
