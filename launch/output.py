"""One stream of lines from several processes."""

import threading
from contextlib import suppress
from typing import TextIO


class Output:
    """Writes whole lines, each from one process, to a stream that may go away."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def write(self, text: str, source: str = "") -> None:
        """Write lines, each with the name of the process it comes from in front."""
        prefix = f"{source:<6} | " if source else ""
        lines = "".join(f"{prefix}{line}\n" for line in text.splitlines())
        # A closed terminal or pipe is no reason to stop reading what the processes write, or they would block.
        with self._lock, suppress(OSError, ValueError):
            self._stream.write(lines)
            self._stream.flush()
