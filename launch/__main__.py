"""Command of the service, `python -m launch`, as `make up` and the containers run it."""

import signal
import sys
from types import FrameType

USAGE = """\
usage: python -m launch                        check the setup, then run API and worker until they are stopped
       python -m launch api | worker           run one of them, once the services it needs are ready
       python -m launch migrate                upgrade the database to the newest revision, then exit
       python -m launch healthy api | worker   exit with 0 if the one on this machine is healthy, else with 1
"""


def _leave(_signal_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def main(arguments: list[str]) -> int:
    """Run the command line.

    Returns:
        The exit code: 0 after Ctrl-C, SIGTERM or SIGHUP, and for a command that succeeded; 1 if the setup is invalid, a
        process ended by itself or a part is not healthy; 2 for arguments that USAGE does not list.
    """
    # Importing takes a moment, in which Ctrl-C should not print a traceback either.
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
            from launch.health import report_health  # noqa: PLC0415  # See above.

            return report_health(part)
        case _:
            print(USAGE, end="", file=sys.stderr)  # noqa: T201  # This is a program.
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
