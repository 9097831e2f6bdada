"""Limits that the kernel enforces on this process, for work on files of strangers."""

import os
import resource


def limit_process(*, cpu_seconds: int, file_bytes: int, data_bytes: int) -> None:
    """Lower the limits of this process and its children, and its priority.

    RLIMIT_DATA counts private writable memory (getrlimit(2), since Linux 4.7), not files mapped for reading; macOS
    does not enforce it. Writing past RLIMIT_FSIZE is an error, as Python ignores SIGXFSZ.

    Args:
        cpu_seconds: Processor time after which the process is ended.
        file_bytes: Largest file that it may write.
        data_bytes: Most private memory.
    """
    os.nice(5)
    for name, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_DATA, data_bytes),
    ):
        _lower(name, value)


def _lower(name: int, value: int) -> None:
    hard = resource.getrlimit(name)[1]
    lowest = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(name, (lowest, lowest))
