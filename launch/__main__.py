"""`python -m launch`: check the setup, then run API and worker until told to stop. What `make up` runs."""

import signal
import sys
from types import FrameType


def _leave(_signal_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def main() -> int:
    """Run the service; returns the exit code.

    Returns:
        0 when stopped by Ctrl-C, SIGTERM or SIGHUP; 1 when the setup can not be used or a process ended by itself.
    """
    # Importing takes a moment, and Ctrl-C then should not answer with a traceback either.
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, _leave)
    from launch.start import start  # noqa: PLC0415  # See above.

    return start()


if __name__ == "__main__":
    sys.exit(main())
