"""How a start that can not be is refused."""

import sys

from core.errors import TrainyardError


def tell_refusal(error: TrainyardError) -> int:
    """Say why on standard error, in one line; returns the exit code."""
    print("trainyard:", " ".join(error.detail.split()), file=sys.stderr)  # noqa: T201  # This is a program.
    return 1
