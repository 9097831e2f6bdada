"""`python -m launch`: the service's own command. What `make up` runs, and what containers run."""

import signal
import sys
from types import FrameType

USAGE = """\
usage: python -m launch                        check the setup, run API and worker until told to stop
       python -m launch api | worker           run one of them, once what it needs is there
       python -m launch migrate                bring the database to the newest revision, and end
       python -m launch healthy api | worker   tell by the exit code whether the one on this machine is well
"""


def _leave(_signal_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def main(arguments: list[str]) -> int:
    """Do what the arguments say; returns the exit code.

    Returns:
        0 when stopped by Ctrl-C, SIGTERM or SIGHUP, and when what ends by itself ended well; 1 when the setup can not
        be used, a process ended by itself or something is not well; 2 for arguments that USAGE does not list.
    """
    # Importing takes a moment, and Ctrl-C then should not answer with a traceback either.
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, _leave)
    match arguments:
        case []:
            from launch.start import start  # noqa: PLC0415  # See above.

            return start()
        case [("api" | "worker" | "migrate") as part]:
            from launch.start import PARTS  # noqa: PLC0415  # See above.

            return PARTS[part]()
        case ["healthy", ("api" | "worker") as part]:
            from launch.readiness import tell_health  # noqa: PLC0415  # See above.

            return tell_health(part)
        case _:
            print(USAGE, end="", file=sys.stderr)  # noqa: T201  # This is a program.
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
