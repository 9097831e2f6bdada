"""Ingestion: an upload is read by a process of its own, `python -m ingest`, which may be ended at any time.

What it reads may be made to harm: it is started without this service's secrets, with bounded memory, and does not
outlive the API.
"""

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from fastapi import Request
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from api.http.errors import DiskFull, RejectedDataset
from core.errors import TrainyardError, Unavailable
from core.settings import Settings
from core.uploads.description import DescriptionFile
from core.uploads.store import IncomingDataset

logger = logging.getLogger(__name__)

AT_ONCE = 2
"""So many uploads are read at the same time."""

PATIENCE_SECONDS = 30.0
"""Time for which an upload waits for its turn."""

MAX_ANSWER_BYTES = 32 * 1024 * 1024

NUM_BYTES_LOGGED = 2000

PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH")
"""Of the environment; the process has no use for the addresses and keys that are also there."""


class Ingestion:
    """Reads uploads, a few at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def read(self, incoming: IncomingDataset, request: Request | None, max_bytes: int) -> DescriptionFile:
        """Describe what lies in `incoming`, and write it there in the form that runs read.

        Args:
            incoming: Holds the original.
            request: The reading ends when its client goes away; its body has been read. None if no client waits.
            max_bytes: Most that may be written.

        Raises:
            RejectedDataset: If it is nothing a run could learn from, saying what to mend.
            Unavailable: If too many others are being read.
            ClientDisconnect: If nobody waits for the answer any more.
        """
        async with self._turn():
            answer = incoming.scratch / "answer.json"
            complaint = incoming.scratch / "complaint.txt"
            status = await self._run(incoming, request, max_bytes, answer, complaint)
            return await run_in_threadpool(_read_answer, status, answer, complaint)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._turns.acquire()
        except TimeoutError as error:
            raise Unavailable(
                f"{AT_ONCE} uploads are being read, and this one has waited {PATIENCE_SECONDS:g} s for its turn. "
                "Send it again later."
            ) from error
        try:
            yield
        finally:
            self._turns.release()

    async def _run(
        self, incoming: IncomingDataset, request: Request | None, max_bytes: int, answer: Path, complaint: Path
    ) -> int:
        with answer.open("wb") as out, complaint.open("wb") as err:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                # The working directory is not looked into for modules: it holds what strangers send.
                "-P",
                *("-m", "core.system.parent_watch", str(os.getpid()), "ingest", str(incoming.folder.path)),
                *("--max-bytes", str(max_bytes)),
                *("--memory-bytes", str(self._settings.ingest_memory_bytes)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=incoming.scratch,
                env=_environment(incoming.scratch),
                start_new_session=True,
            )
        try:
            return await self._wait(process, request)
        finally:
            _kill(process)
            # It writes nothing more once this has returned.
            await process.wait()

    async def _wait(self, process: asyncio.subprocess.Process, request: Request | None) -> int:
        ended = asyncio.ensure_future(process.wait())
        gone = asyncio.ensure_future(_wait_until_gone(request)) if request is not None else None
        try:
            timeout = self._settings.ingest_timeout_seconds
            awaited: set[asyncio.Future[Any]] = {ended} if gone is None else {ended, gone}
            done, _ = await asyncio.wait(awaited, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            if ended in done:
                return ended.result()
            if gone in done:
                raise ClientDisconnect
            raise RejectedDataset(
                f"Reading the file took longer than {timeout:g} s (TRAINYARD_INGEST_TIMEOUT_SECONDS). "
                "Send less of it, or a table as Parquet.",
                "too_slow",
            )
        finally:
            ended.cancel()
            if gone is not None:
                gone.cancel()


async def _wait_until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _environment(scratch: Path) -> dict[str, str]:
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    # This very code, however it was found; and not what lies in the working directory.
    modules = [os.environ.get("PYTHONPATH", ""), str(Path(__file__).parents[1])]
    passed["PYTHONPATH"] = os.pathsep.join(filter(None, modules))
    # The /tmp of a container is small.
    return passed | {"HOME": str(scratch), "TMPDIR": str(scratch)}


def _kill(process: asyncio.subprocess.Process) -> None:
    """End a process and its children, whichever are left."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _read_answer(status: int, answer: Path, complaint: Path) -> DescriptionFile:
    if status != 0:
        _raise_for_crash(status, complaint)
    if answer.stat().st_size > MAX_ANSWER_BYTES:
        raise RejectedDataset(
            f"The description of the data takes more than {MAX_ANSWER_BYTES:,} bytes: it has too many columns, or "
            "too long texts in them. Leave out those that a run will not learn from.",
            "description_too_large",
        )
    try:
        answered: dict[str, Any] = json.loads(answer.read_bytes())
        if "rejected" in answered:
            raise RejectedDataset(str(answered["rejected"]["detail"]), str(answered["rejected"]["code"]))
        return DescriptionFile.model_validate(answered)
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise TrainyardError("What the process that read the upload said cannot be understood.") from error


def _raise_for_crash(status: int, complaint: Path) -> None:
    text = complaint.read_bytes()[-NUM_BYTES_LOGGED:].decode(errors="replace")
    logger.error("Reading an upload ended with status %d: %s", status, text)
    if "No space left on device" in text:
        raise DiskFull("The disk is full. Make room, or delete datasets and runs that nobody needs.")
    if status < 0:
        raise RejectedDataset(
            f"Reading the file ended with {signal.Signals(-status).name}: it takes more memory than there is, or is "
            "made to break what reads it. Send less of it, or in another format.",
            "reading_ended",
        )
    raise TrainyardError("Reading the upload failed for a reason inside the service; its log says more.")
