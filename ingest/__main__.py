"""`python -m ingest FOLDER`: ingest FOLDER/original and print its description, or the reason it is rejected.

Runs in a process of its own, since uploads are untrusted input: a fault in a decoder, or a limit that is exceeded,
ends this process and nothing else. Prints one line of JSON and exits with 0 in both cases; any other exit status means
that a fault or a limit ended the process.
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
from ingest.options import read_options


def main() -> None:
    """Ingest one upload."""
    arguments = _parser().parse_args()
    limits = Limits(arguments.max_bytes, arguments.memory_bytes, arguments.cpu_seconds)
    signal.signal(signal.SIGTERM, _stop)
    restrict_process(limits)
    try:
        line = take_in(arguments.folder, limits, read_options(arguments.options)).model_dump_json()
    except RejectedUpload as rejected:
        line = _rejection(rejected.code, rejected.detail)
    except MemoryError:
        line = _rejection("too_large", "Reading the file needs more memory than is allowed. Send a smaller file.")
    sys.stdout.write(line + "\n")


def _rejection(code: str, detail: str) -> str:
    return json.dumps({"rejected": {"code": code, "detail": detail}})


def _stop(signal_number: int, frame: FrameType | None) -> None:  # noqa: ARG001 -- The signature of handlers.
    # Raised as an exception, so that partial results are removed.
    raise SystemExit(128 + signal_number)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ingest", description="Ingest an uploaded dataset.")
    parser.add_argument("folder", type=Path, help="folder with the upload, in a file named original")
    parser.add_argument("--options", type=Path, help="JSON file of core.uploads.reading.ReadingOptions")
    parser.add_argument(
        "--max-bytes", type=int, default=20 * 1024 * MIB, help="limit of everything written (default 20 GiB)"
    )
    parser.add_argument("--memory-bytes", type=int, default=512 * MIB, help="memory for buffers (default 512 MiB)")
    parser.add_argument("--cpu-seconds", type=int, default=3600, help="limit of processor time (default 3600)")
    return parser


if __name__ == "__main__":
    main()
