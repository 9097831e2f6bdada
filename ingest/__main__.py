"""`python -m ingest FOLDER`: take in FOLDER/original and print its description, or why it is rejected.

A process of its own, since what is read here was written by strangers: a fault in a decoder, or a limit it runs into,
ends this process and nothing else. Prints one line of JSON and exits with 0 in both cases; any other status means that
it was ended by a fault or a limit.
"""

import os

# The libraries' own threads each reserve memory, and the limits below count it.
os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")

import argparse
import json
import signal
import sys
from pathlib import Path
from types import FrameType

from ingest.errors import RejectedUpload
from ingest.intake import take_in
from ingest.limits import MIB, Limits, restrict_process


def main() -> None:
    """Take in one upload."""
    arguments = _parser().parse_args()
    limits = Limits(arguments.max_bytes, arguments.memory_bytes, arguments.cpu_seconds)
    signal.signal(signal.SIGTERM, _stop)
    restrict_process(limits)
    try:
        line = take_in(arguments.folder, limits).model_dump_json()
    except RejectedUpload as rejected:
        line = _rejection(rejected.code, rejected.detail)
    except MemoryError:
        line = _rejection("too_large", "The data need more memory than is allowed for reading them. Send less of them.")
    sys.stdout.write(line + "\n")


def _rejection(code: str, detail: str) -> str:
    return json.dumps({"rejected": {"code": code, "detail": detail}})


def _stop(signal_number: int, frame: FrameType | None) -> None:  # noqa: ARG001 -- The form of handlers.
    # As an exception, so that what was half written is removed.
    raise SystemExit(128 + signal_number)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ingest", description="Take in an uploaded dataset.")
    parser.add_argument("folder", type=Path, help="holds the upload, called original")
    parser.add_argument("--max-bytes", type=int, default=20 * 1024 * MIB, help="of everything written (default 20 GiB)")
    parser.add_argument("--memory-bytes", type=int, default=512 * MIB, help="for buffers (default 512 MiB)")
    parser.add_argument("--cpu-seconds", type=int, default=3600, help="of processor time (default 3600)")
    return parser


if __name__ == "__main__":
    main()
