"""Processors and memory that this process may use: in a container often less than the machine has.

Linux keeps a container's limits in control groups (the kernel's admin guide, cgroup-v2.rst, "CPU" and "Memory", and
cgroup-v1/memory.rst, scheduler/sched-bwc.rst for version 1). The limits of its parents apply to each group too.
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")

OWN_GROUPS = Path("/proc/self/cgroup")


def usable_processors(groups: Path = CGROUPS, own_groups: Path = OWN_GROUPS) -> int:
    """Return the number of processors this process may use, at least 1, rounded down."""
    quotas = [*_cpu_quotas_v2(groups, own_groups), *_cpu_quotas_v1(groups, own_groups)]
    return max(1, math.floor(min([_processors(), *quotas])))


def usable_memory_bytes(groups: Path = CGROUPS, own_groups: Path = OWN_GROUPS) -> int:
    """Return the memory this process may use, in bytes."""
    limits = [
        limit
        for folder, name in [
            *((folder, "memory.max") for folder in _folders("", groups, own_groups)),
            *((folder, "memory.limit_in_bytes") for folder in _folders("memory", groups, own_groups)),
        ]
        for limit in _numbers(folder / name)
    ]
    return min([_memory_bytes(), *(int(limit) for limit in limits)])


def count_memory_kills(groups: Path = CGROUPS, own_groups: Path = OWN_GROUPS) -> int:
    """Return how many processes of this one's control group the kernel has killed for lack of memory; 0 if unknown."""
    files = [
        *(folder / "memory.events" for folder in _folders("", groups, own_groups)),
        *(folder / "memory.oom_control" for folder in _folders("memory", groups, own_groups)),
    ]
    for file in files:
        try:
            words = file.read_text(encoding="ascii").split()
        except OSError:
            continue
        if "oom_kill" in words[:-1]:
            return int(words[words.index("oom_kill") + 1])
    return 0


def _processors() -> int:
    # Only Linux reports the processors that this process may use.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _cpu_quotas_v2(groups: Path, own_groups: Path) -> Iterator[float]:
    for folder in _folders("", groups, own_groups):
        # Microseconds of processor time per period of so many microseconds; "max 100000" without a limit.
        numbers = _numbers(folder / "cpu.max")
        if len(numbers) == 2:  # noqa: PLR2004 - quota and period.
            yield numbers[0] / numbers[1]


def _cpu_quotas_v1(groups: Path, own_groups: Path) -> Iterator[float]:
    for folder in _folders("cpu", groups, own_groups):
        quota, period = _numbers(folder / "cpu.cfs_quota_us"), _numbers(folder / "cpu.cfs_period_us")
        # -1 without a limit.
        if quota and period and quota[0] > 0:
            yield quota[0] / period[0]


def _folders(controller: str, groups: Path, own_groups: Path) -> list[Path]:
    """Return the folders of this process's control group and its parents; controller "" is the tree of version 2."""
    try:
        lines = own_groups.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []  # Not Linux.
    for line in lines:
        # "4:cpu,cpuacct:/a/b"; in version 2 "0::/a/b".
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            # In a container the tree often begins with its own group, whatever the path says.
            top = groups / controllers
            return [top / part for part in (Path(path.lstrip("/")), *Path(path.lstrip("/")).parents)]
    return []


def _numbers(file: Path) -> list[float]:
    """Return the numbers in a file; an empty list if it says "max" or does not exist."""
    try:
        return [float(word) for word in file.read_text(encoding="ascii").split()]
    except (OSError, ValueError):
        return []
