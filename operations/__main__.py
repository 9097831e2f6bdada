"""Command `python -m operations`, which `trainyard backup`, `restore` and `doctor` start."""

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from core.errors import TrainyardError

if TYPE_CHECKING:
    from operations.manifest import Manifest

COULD_NOT_CHECK = 2


def main(arguments: list[str]) -> int:
    """Run the command line.

    Returns:
        The exit code: 0 done, 1 refused or failed. Of `doctor`: 0 nothing is wrong, 1 something is, 2 it could not
        check.
    """
    # As Ctrl-C does, so that what is unfinished is removed.
    signal.signal(signal.SIGTERM, _leave)
    given = _parser().parse_args(arguments)
    try:
        match given.command:
            case "backup":
                return _back_up(given)
            case "restore":
                return _restore(given)
            case _:
                return _examine(given)
    except TrainyardError as error:
        print(f"Error: {error}", file=sys.stderr)  # noqa: T201  # This is a program.
        return COULD_NOT_CHECK if given.command == "doctor" else 1
    except KeyboardInterrupt:
        return 130


def _back_up(given: argparse.Namespace) -> int:
    from core.settings import load_settings  # noqa: PLC0415 - `--help` needs none of these.
    from operations.backup import back_up  # noqa: PLC0415

    made = back_up(load_settings(), given.folder, earlier=given.link_to, accept_damage=given.accept_damage, log=_log)
    for fault in made.damaged:
        _log(f"Left out: {fault}.")
    print(  # noqa: T201  # This is a program.
        f"Wrote {given.folder}: {_describe(made)}, {made.num_bytes:,} bytes, revision {made.revision}."
    )
    return 0


def _restore(given: argparse.Namespace) -> int:
    from core.settings import load_settings  # noqa: PLC0415 - `--help` needs none of these.
    from operations.restore import restore  # noqa: PLC0415

    restored = restore(load_settings(), given.folder, replace=given.replace, log=_log)
    print(  # noqa: T201  # This is a program.
        f"Restored {given.folder} of {restored.created_at:%Y-%m-%d %H:%M:%S} UTC: {_describe(restored)}. "
        "Runs that were active then are trained again once a worker runs."
    )
    for fault in restored.damaged:
        _log(f"The backup was made without this: {fault}.")
    return 0


def _describe(manifest: "Manifest") -> str:
    from operations.reporting import say  # noqa: PLC0415 - `--help` does not need it.

    counts = manifest.counts
    numbers = {"runs": counts.get("runs", 0), "model versions": counts.get("model_versions", 0)}
    return ", ".join(say(number, names) for names, number in {**numbers, "files": len(manifest.files)}.items())


def _examine(given: argparse.Namespace) -> int:
    from core.settings import load_settings  # noqa: PLC0415 - `--help` needs none of these.
    from operations.doctor import examine  # noqa: PLC0415
    from operations.reporting import JsonReport, TextReport  # noqa: PLC0415

    report = JsonReport(sys.stdout) if given.json else TextReport(sys.stdout, sys.stderr)
    examine(load_settings(), report, is_quick=given.quick, repairs=given.repair)
    return report.end()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trainyard",
        description="Work on the data of a service on this machine. TRAINYARD_… variables say where the data is.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    backup = commands.add_parser("backup", help="copy database and files to a new folder, while the service runs")
    backup.add_argument("folder", type=Path, help="new folder")
    backup.add_argument(
        "--link-to", type=Path, metavar="FOLDER", help="earlier backup; files that it has too take no further space"
    )
    backup.add_argument("--accept-damage", action="store_true", help="leave out stored files that are damaged")
    restore = commands.add_parser("restore", help="put a backup in the place of the data of a stopped service")
    restore.add_argument("folder", type=Path, help="folder of the backup")
    restore.add_argument("--replace", action="store_true", help="replace the data that is there")
    doctor = commands.add_parser(
        "doctor",
        help="check everything that is stored, and say what is wrong and how to mend it",
        epilog="Exit codes: 0 nothing is wrong, 1 something is, 2 it could not check.",
    )
    doctor.add_argument("--quick", action="store_true", help="do not read the files, only look whether they are there")
    doctor.add_argument("--json", action="store_true", help="print JSON for programs")
    doctor.add_argument(
        "--repair", action="store_true", help="compute again what can be computed from the points of curves"
    )
    return parser


def _log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201  # This is a program.


def _leave(_signal_number: int, _frame: FrameType | None) -> None:
    sys.exit(143)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
