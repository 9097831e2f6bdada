import os

import pytest

from core.system.machine import count_memory_kills, usable_memory_bytes, usable_processors

GIB = 2**30


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """A machine of 16 processors and 64 GiB, whose control groups a test writes."""
    monkeypatch.setattr("core.system.machine._processors", lambda: 16)
    monkeypatch.setattr("core.system.machine._memory_bytes", lambda: 64 * GIB)
    (tmp_path / "cgroup").mkdir()

    def write(own, **files):
        (tmp_path / "own").write_text(own)
        for name, text in files.items():
            path = tmp_path / "cgroup" / name.replace("__", "/").replace("_DOT_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        places = (tmp_path / "cgroup", tmp_path / "own")
        return usable_processors(*places), usable_memory_bytes(*places)

    return write


def test_without_limits_all_of_the_machine_may_be_used(groups):
    assert groups("0::/\n", cpu_DOT_max="max 100000\n", memory_DOT_max="max\n") == (16, 64 * GIB)


def test_limits_of_the_own_group_of_version_2_hold(groups):
    assert groups("0::/\n", cpu_DOT_max="400000 100000\n", memory_DOT_max=f"{4 * GIB}\n") == (4, 4 * GIB)


def test_limits_of_a_group_above_hold_too(groups):
    found = groups(
        "0::/pod/container\n",
        pod__container__cpu_DOT_max="max 100000\n",
        pod__container__memory_DOT_max=f"{3 * GIB}\n",
        pod__cpu_DOT_max="250000 100000\n",
        pod__memory_DOT_max=f"{2 * GIB}\n",
    )
    assert found == (2, 2 * GIB)


def test_less_than_one_processor_counts_as_one(groups):
    assert groups("0::/\n", cpu_DOT_max="50000 100000\n")[0] == 1


def test_limits_of_version_1_hold_where_the_tree_begins_with_the_own_group(groups):
    found = groups(
        "4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n0::/docker/abc\n",
        **{
            "cpu,cpuacct__cpu.cfs_quota_us": "300000\n",
            "cpu,cpuacct__cpu.cfs_period_us": "100000\n",
            "memory__memory.limit_in_bytes": f"{5 * GIB}\n",
        },
    )
    assert found == (3, 5 * GIB)


def test_no_limits_of_version_1_are_minus_one_and_a_huge_number(groups):
    found = groups(
        "4:memory:/\n1:cpu:/\n",
        **{
            "cpu__cpu.cfs_quota_us": "-1\n",
            "cpu__cpu.cfs_period_us": "100000\n",
            "memory__memory.limit_in_bytes": "9223372036854771712\n",
        },
    )
    assert found == (16, 64 * GIB)


def test_where_there_are_no_control_groups_the_machine_counts(tmp_path):
    places = (tmp_path / "none", tmp_path / "none")
    assert 1 <= usable_processors(*places) <= os.cpu_count()
    assert usable_memory_bytes(*places) == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def test_this_process_may_use_something():
    assert usable_processors() >= 1
    assert usable_memory_bytes() > 2**20


@pytest.mark.parametrize(
    ("own", "name", "text"),
    [
        ("0::/pod\n", "pod/memory.events", "low 0\nhigh 0\nmax 9\noom 3\noom_kill 2\noom_group_kill 0\n"),
        ("0::/outside\n", "memory.events", "oom 3\noom_kill 2\n"),
        ("5:memory:/pod\n", "memory/pod/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"),
    ],
)
def test_processes_that_the_kernel_killed_for_lack_of_memory_are_counted(tmp_path, own, name, text):
    (tmp_path / "own").write_text(own)
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text)
    assert count_memory_kills(tmp_path, tmp_path / "own") == 2


def test_without_control_groups_no_kill_is_known(tmp_path):
    assert count_memory_kills(tmp_path, tmp_path / "own") == 0
