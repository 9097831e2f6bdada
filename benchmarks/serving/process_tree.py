"""A server's process and all below it: their processor time, and their memory."""

from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")

NANOSECONDS = 1e9

ENDED = {"Z", "X"}
"""States of processes that have ended, of which only the number is left."""

PAGE_BYTES = 4096
"""Of x86-64 and most ARM kernels; resident sets are counted in pages."""


def list_tree(root: int, proc: Path = PROC) -> set[int]:
    """Return the ids of a process and its descendants that are alive now; they may be in other groups."""
    parents = {}
    for stat in proc.glob("[0-9]*/stat"):
        with suppress(OSError):  # It may have ended.
            # After the name, which may hold anything: state, parent (proc(5)).
            state, parent = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[:2]
            if state not in ENDED:
                parents[int(stat.parent.name)] = int(parent)
    found = {root} & parents.keys()
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def processor_seconds(root: int, proc: Path = PROC) -> float:
    """Return the processor time of the tree's threads that are alive now, in seconds."""
    schedstats = [path for pid in list_tree(root, proc) for path in (proc / str(pid)).glob("task/[0-9]*/schedstat")]
    return sum(_read_number(path) for path in schedstats) / NANOSECONDS


def resident_bytes(root: int, proc: Path = PROC) -> int:
    """Return the resident memory of the tree, in bytes; pages that its processes share count for each."""
    status = (proc / str(pid) / "statm" for pid in list_tree(root, proc))
    return PAGE_BYTES * sum(_read_number(path, place=1) for path in status)


def _read_number(path: Path, place: int = 0) -> int:
    """Return a number of a file; 0 if its process has ended."""
    with suppress(OSError):
        return int(path.read_text(encoding="ascii").split()[place])
    return 0
