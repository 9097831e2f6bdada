"""Work on files of clients in a process of its own, which can be killed at any time.

Such files may be malicious: the process starts without this service's secrets, and ends with the API.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import Request
from starlette.requests import ClientDisconnect

PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH")
"""Environment variables for the process; it must not have addresses and keys."""

NUM_BYTES_SHOWN = 2000


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that has ended.

    Attributes:
        status: Exit status; negative: the signal that ended it.
        answer: File with what it has printed.
        complaint: End of what it has printed as errors.
    """

    status: int
    answer: Path
    complaint: str


async def run_module(
    module: str, arguments: Sequence[str], scratch: Path, *, timeout_seconds: float, request: Request | None
) -> Ended:
    """Run `python -m MODULE ARGUMENTS`.

    Args:
        module: Module of this service.
        arguments: Arguments of the process.
        scratch: Folder of its own, in which it works.
        timeout_seconds: Time after which it is killed.
        request: The process is killed when its client goes away; its body has been read. None if no client waits.

    Raises:
        TimeoutError: If it has taken too long.
        ClientDisconnect: If the client has disconnected.
    """
    answer, complaint = scratch / "answer.json", scratch / "complaint.txt"
    with answer.open("wb") as out, complaint.open("wb") as err:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            # The working directory is not searched for modules: it contains the upload.
            "-P",
            *("-m", "core.system.parent_watch", str(os.getpid()), module, *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=scratch,
            env=_environment(scratch),
            start_new_session=True,
        )
    try:
        status = await _wait(process, timeout_seconds, request)
    finally:
        _kill(process)
        # The process has ended when this returns.
        await process.wait()
    return Ended(status, answer, complaint.read_bytes()[-NUM_BYTES_SHOWN:].decode(errors="replace"))


async def _wait(process: asyncio.subprocess.Process, timeout_seconds: float, request: Request | None) -> int:
    ended = asyncio.ensure_future(process.wait())
    gone = asyncio.ensure_future(_wait_until_gone(request)) if request is not None else None
    try:
        awaited: set[asyncio.Future[Any]] = {ended} if gone is None else {ended, gone}
        done, _ = await asyncio.wait(awaited, timeout=timeout_seconds, return_when=asyncio.FIRST_COMPLETED)
        if ended in done:
            return ended.result()
        if gone in done:
            raise ClientDisconnect
        raise TimeoutError
    finally:
        ended.cancel()
        if gone is not None:
            gone.cancel()


async def _wait_until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _environment(scratch: Path) -> dict[str, str]:
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    # The same code as this, wherever it is; and nothing from the working directory.
    modules = [os.environ.get("PYTHONPATH", ""), str(Path(__file__).parents[1])]
    passed["PYTHONPATH"] = os.pathsep.join(filter(None, modules))
    # The /tmp of a container is small.
    return passed | {"HOME": str(scratch), "TMPDIR": str(scratch)}


def _kill(process: asyncio.subprocess.Process) -> None:
    """Kill a process and its children."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
