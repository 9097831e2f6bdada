"""Limits of ingesting one upload: disk, memory, processor time."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from core.system.process_limits import limit_process
from ingest.errors import RejectedUpload

MIB = 1024**2
MEMORY_BESIDE = 2048 * MIB
"""Address space for private data on top of `memory_bytes`: the interpreter, libraries, stacks, one decoded image."""
ADDRESS_SPACE = 2
"""Bytes of address space for each of `memory_bytes`, since allocators reserve more than they use. A table of 1,500
columns took 2.2 GB of address space while it was read in 0.5 GB of memory."""
MAX_RATIO = 250
"""Highest ratio of unpacked to packed bytes."""
RATIO_FROM = 256 * MIB
"""Unpacked bytes from which the ratio is checked: an array of zeros is legitimate."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one upload.

    Attributes:
        max_bytes: Limit of everything written, temporary files included; the upload itself does not count.
        memory_bytes: Memory for buffers and sorting; data that does not fit is spilled to disk.
        cpu_seconds: Processor time after which the process is ended.
    """

    max_bytes: int
    memory_bytes: int
    cpu_seconds: int


def restrict_process(limits: Limits) -> None:
    """Make the kernel enforce the limits on this process, in case a decoder has a fault."""
    limit_process(
        cpu_seconds=limits.cpu_seconds,
        file_bytes=limits.max_bytes,
        data_bytes=ADDRESS_SPACE * limits.memory_bytes + MEMORY_BESIDE,
    )


@dataclass(slots=True)
class Space:
    """Count written bytes, and reject what would exceed the limit.

    Attributes:
        max_bytes: Limit of all files that exist at one time.
        used: Bytes written and not removed again.
    """

    max_bytes: int
    used: int = field(default=0)

    @property
    def left(self) -> int:
        """Bytes that may still be written."""
        return self.max_bytes - self.used

    def spend(self, num_bytes: int) -> None:
        """Count bytes about to be written.

        Raises:
            RejectedUpload: If they exceed the limit.
        """
        self.used += num_bytes
        if self.used > self.max_bytes:
            raise RejectedUpload(
                "too_large",
                f"Unpacked and prepared, the data needs more than the {self.max_bytes:,} bytes allowed. Upload less "
                "data, or raise the limit.",
            )

    def give_back(self, num_bytes: int) -> None:
        """Count bytes that were removed again."""
        self.used -= num_bytes


@dataclass(slots=True)
class Ratio:
    """Check the ratio of unpacked to packed bytes.

    Attributes:
        num_packed: Bytes of the upload.
        what: Name of the upload in messages.
    """

    num_packed: int
    what: str
    num_unpacked: int = field(default=0)

    def add(self, num_bytes: int) -> None:
        """Count unpacked bytes.

        Raises:
            RejectedUpload: If the ratio exceeds MAX_RATIO.
        """
        self.num_unpacked += num_bytes
        if self.num_unpacked > RATIO_FROM and self.num_unpacked > MAX_RATIO * self.num_packed:
            raise RejectedUpload(
                "too_large",
                f"{self.what} of {self.num_packed:,} bytes unpacks to more than {MAX_RATIO} times its size, like a "
                "decompression bomb. Upload the data with ordinary compression.",
            )


@contextmanager
def limited_file_size(num_bytes: int) -> Iterator[None]:
    """Limit the size of files within a block, for libraries that write files themselves."""
    before, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    least = min(limit for limit in (max(num_bytes, MIB), before, hard) if limit != resource.RLIM_INFINITY)
    resource.setrlimit(resource.RLIMIT_FSIZE, (least, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, hard))
