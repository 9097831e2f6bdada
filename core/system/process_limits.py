"""Limits that the kernel enforces on this process, for work on files of strangers."""

import os
import resource

GRACE_SECONDS = 5
"""Processor time between the signal that says why a process ends and the one that ends it in any case."""


def limit_process(*, cpu_seconds: int, file_bytes: int, data_bytes: int) -> None:
    """Lower the limits of this process and its children, and its priority.

    RLIMIT_DATA counts private writable memory (getrlimit(2), since Linux 4.7), not files mapped for reading; macOS
    does not enforce it. Writing past RLIMIT_FSIZE is an error, as Python ignores SIGXFSZ.

    Args:
        cpu_seconds: Processor time after which SIGXCPU ends the process.
        file_bytes: Largest file that it may write.
        data_bytes: Most private memory.
    """
    os.nice(5)
    for name, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_DATA, data_bytes),
    ):
        _lower(name, value, value)
    # At the hard limit the kernel sends SIGKILL, which does not say why; at equal limits it checks that one first.
    _lower(resource.RLIMIT_CPU, cpu_seconds, cpu_seconds + GRACE_SECONDS)


def _lower(name: int, soft: int, hard: int) -> None:
    known = resource.getrlimit(name)[1]
    ceiling = hard if known == resource.RLIM_INFINITY else min(hard, known)
    resource.setrlimit(name, (min(soft, ceiling), ceiling))
