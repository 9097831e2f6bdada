"""`python -m serving.checks.program NETWORK SIGNATURE`: check an ONNX file, and print its signature.

Runs in a process of its own, since the file is untrusted input: a fault in the parser, a loop or a limit that is
exceeded ends this process and nothing else. Prints one line of JSON and exits with 0 whether the network is accepted,
`{"signature": ...}`, or not, `{"rejected": {"code", "detail"}}`; any other exit status means that a fault or a limit
ended the process.
"""

import argparse
import json
import sys
from pathlib import Path

from core.signatures.given import GivenSignature
from core.system.process_limits import limit_process
from serving.checks.check import check_network
from serving.checks.errors import RejectedNetwork

MAX_WRITTEN_BYTES = 64 * 1024 * 1024

TOO_LARGE = RejectedNetwork(
    "too_large", "Loading the network and computing a few rows needs more memory than is allowed. Make it smaller."
)


def main() -> None:
    """Check one network."""
    arguments = _parser().parse_args()
    limit_process(cpu_seconds=arguments.cpu_seconds, file_bytes=MAX_WRITTEN_BYTES, data_bytes=arguments.memory_bytes)
    sys.stdout.write(json.dumps(_check(arguments.network, arguments.signature)) + "\n")


def _check(network: Path, signature: Path) -> dict[str, object]:
    try:
        given = GivenSignature.model_validate_json(signature.read_bytes())
        found = check_network(network.read_bytes(), given)
    except RejectedNetwork as error:
        # onnxruntime reports a failed allocation like any other error.
        rejected = TOO_LARGE if "bad_alloc" in error.detail or "bad allocation" in error.detail else error
        return {"rejected": {"code": rejected.code, "detail": rejected.detail}}
    except MemoryError:
        return {"rejected": {"code": TOO_LARGE.code, "detail": TOO_LARGE.detail}}
    return {"signature": found.model_dump(mode="json")}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="serving.checks.program", description="Check an ONNX file.")
    parser.add_argument("network", type=Path, help="the ONNX file")
    parser.add_argument("signature", type=Path, help="JSON file of core.signatures.given.GivenSignature")
    parser.add_argument("--memory-bytes", type=int, default=4 * 1024**3, help="most memory (default 4 GiB)")
    parser.add_argument("--cpu-seconds", type=int, default=60, help="limit of processor time (default 60)")
    return parser


if __name__ == "__main__":
    main()
