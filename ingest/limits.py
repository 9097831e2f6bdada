"""What taking in one upload may use: disk, memory, processor time."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ingest.errors import RejectedUpload

MIB = 1024**2
MEMORY_BESIDE = 2048 * MIB
"""Address space for private data beside `memory_bytes`: the interpreter, libraries, stacks, one decoded image."""
ADDRESS_SPACE = 2
"""So many bytes of address space for each of `memory_bytes`: allocators keep more of it than they use. A table of 1,500
columns took 2.2 GB of address space while it was read in 0.5 GB of memory."""
MAX_RATIO = 250
"""Unpacked bytes to packed ones."""
RATIO_FROM = 256 * MIB
"""Below so many unpacked bytes the ratio does not matter: an array of zeros is legitimate."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one upload.

    Attributes:
        max_bytes: Of everything written, temporary files included; the upload itself does not count.
        memory_bytes: For buffers and sorting; what does not fit goes to disk.
        cpu_seconds: After so many the process is ended.
    """

    max_bytes: int
    memory_bytes: int
    cpu_seconds: int


def restrict_process(limits: Limits) -> None:
    """Let the kernel hold this process to its limits, for the case that a decoder has a fault.

    RLIMIT_DATA counts private writable memory (getrlimit(2), since Linux 4.7), not the files mapped to be read; macOS
    does not enforce it. Writing past RLIMIT_FSIZE is an error, as Python ignores SIGXFSZ.
    """
    os.nice(5)
    for name, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_FSIZE, limits.max_bytes),
        (resource.RLIMIT_DATA, ADDRESS_SPACE * limits.memory_bytes + MEMORY_BESIDE),
    ):
        _lower(name, value)


def _lower(name: int, value: int) -> None:
    hard = resource.getrlimit(name)[1]
    lowest = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(name, (lowest, lowest))


@dataclass(slots=True)
class Space:
    """Counts what is written, and refuses what would go over.

    Attributes:
        max_bytes: Of all files that are there at one time.
        used: Bytes written and not removed again.
    """

    max_bytes: int
    used: int = field(default=0)

    @property
    def left(self) -> int:
        """Bytes that may yet be written."""
        return self.max_bytes - self.used

    def spend(self, num_bytes: int) -> None:
        """Count bytes about to be written.

        Raises:
            RejectedUpload: If they go over.
        """
        self.used += num_bytes
        if self.used > self.max_bytes:
            raise RejectedUpload(
                "too_large",
                f"Unpacked and prepared, these data need more than the {self.max_bytes:,} bytes allowed. Send less of "
                "them, or have the limit raised.",
            )

    def give_back(self, num_bytes: int) -> None:
        """Count bytes that were removed again."""
        self.used -= num_bytes


@dataclass(slots=True)
class Ratio:
    """Watches how far packed data swell.

    Attributes:
        num_packed: Bytes of the upload.
        what: Names the upload in a message.
    """

    num_packed: int
    what: str
    num_unpacked: int = field(default=0)

    def add(self, num_bytes: int) -> None:
        """Count unpacked bytes.

        Raises:
            RejectedUpload: If they are out of proportion.
        """
        self.num_unpacked += num_bytes
        if self.num_unpacked > RATIO_FROM and self.num_unpacked > MAX_RATIO * self.num_packed:
            raise RejectedUpload(
                "too_large",
                f"{self.what} of {self.num_packed:,} bytes unpacks to more than {MAX_RATIO} times its size, as only "
                "bombs do. Send the data packed in an ordinary way.",
            )


@contextmanager
def limited_file_size(num_bytes: int) -> Iterator[None]:
    """Let no file grow beyond this for a while: for libraries that write files themselves."""
    before, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    least = min(limit for limit in (max(num_bytes, MIB), before, hard) if limit != resource.RLIM_INFINITY)
    resource.setrlimit(resource.RLIMIT_FSIZE, (least, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, hard))
