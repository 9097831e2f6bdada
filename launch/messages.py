"""Output of the launcher: the lines of its processes, the banner and error messages."""

import sys
import threading
from contextlib import suppress
from typing import TextIO

from core.errors import TrainyardError
from core.settings import Settings


class Output:
    """Writes whole lines, each from one process, to a stream that may be closed."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def write(self, text: str, source: str = "") -> None:
        """Write lines, each after the name of its process."""
        prefix = f"{source:<6} | " if source else ""
        lines = "".join(f"{prefix}{line}\n" for line in text.splitlines())
        # With a closed terminal or pipe the output of the processes must still be read, or they would block.
        with self._lock, suppress(OSError, ValueError):
            self._stream.write(lines)
            self._stream.flush()


def banner(settings: Settings) -> str:
    """Return the text shown once the service is ready."""
    base_url = settings.default_base_url
    key = '-H "Authorization: Bearer $TRAINYARD_KEY" ' if settings.asks_for_keys else ""
    return (
        f"\nTrainyard is ready.\n"
        f"  Docs page: {base_url}/docs\n"
        f"  Try it:    curl -s {base_url}/v1/runs {key}-H 'Content-Type: application/json' "
        """-d '{"preset": "binary-adder"}'\n"""
        f"  Stop it:   Ctrl-C\n\n"
    )


def print_error(error: TrainyardError) -> int:
    """Print an error on standard error in one line; return the exit code."""
    print("trainyard:", " ".join(error.detail.split()), file=sys.stderr)  # noqa: T201  # This is a program.
    return 1
