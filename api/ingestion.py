"""Parsing of uploads in a separate process, `python -m ingest`, which can be killed at any time.

Uploads may be malicious: the process starts without this service's secrets, with limited memory, and ends with the
API.
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
from core.uploads.reading import NO_OPTIONS, ReadingOptions
from core.uploads.store import IncomingDataset

logger = logging.getLogger(__name__)

AT_ONCE = 2
"""Number of uploads that are parsed at the same time."""

PATIENCE_SECONDS = 30.0
"""Time that an upload waits for its turn."""

MAX_ANSWER_BYTES = 32 * 1024 * 1024

NUM_BYTES_LOGGED = 2000

PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH")
"""Environment variables for the process; it must not have addresses and keys."""


class Ingestion:
    """Parses uploads, a few at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def read(
        self,
        incoming: IncomingDataset,
        request: Request | None,
        max_bytes: int,
        options: ReadingOptions = NO_OPTIONS,
    ) -> DescriptionFile:
        """Describe what lies in `incoming`, and write it there in the form that runs read.

        Args:
            incoming: Holds the original.
            request: The reading ends when its client goes away; its body has been read. None if no client waits.
            max_bytes: Most that may be written.
            options: Options that the client set.

        Raises:
            RejectedDataset: If it is not valid training data; the error says what to fix.
            Unavailable: If too many uploads are being parsed.
            ClientDisconnect: If the client has disconnected.
        """
        async with self._turn():
            answer = incoming.scratch / "answer.json"
            complaint = incoming.scratch / "complaint.txt"
            incoming.options.write_text(options.model_dump_json(exclude_none=True))
            status = await self._run(incoming, request, max_bytes, answer, complaint)
            return await run_in_threadpool(_read_answer, status, answer, complaint)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._turns.acquire()
        except TimeoutError as error:
            raise Unavailable(
                f"{AT_ONCE} uploads are being processed, and this one has waited {PATIENCE_SECONDS:g} s for its turn. "
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
                # The working directory is not searched for modules: it contains the upload.
                "-P",
                *("-m", "core.system.parent_watch", str(os.getpid()), "ingest", str(incoming.folder.path)),
                *("--max-bytes", str(max_bytes)),
                *("--memory-bytes", str(self._settings.ingest_memory_bytes)),
                *("--options", str(incoming.options)),
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
            # The process has ended when this returns.
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
                f"Parsing the file took longer than {timeout:g} s (TRAINYARD_INGEST_TIMEOUT_SECONDS). "
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
    # The same code as this, wherever it is; and nothing from the working directory.
    modules = [os.environ.get("PYTHONPATH", ""), str(Path(__file__).parents[1])]
    passed["PYTHONPATH"] = os.pathsep.join(filter(None, modules))
    # The /tmp of a container is small.
    return passed | {"HOME": str(scratch), "TMPDIR": str(scratch)}


def _kill(process: asyncio.subprocess.Process) -> None:
    """Kill a process and its children."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _read_answer(status: int, answer: Path, complaint: Path) -> DescriptionFile:
    if status != 0:
        _raise_for_crash(status, complaint)
    if answer.stat().st_size > MAX_ANSWER_BYTES:
        raise RejectedDataset(
            f"The description of the data takes more than {MAX_ANSWER_BYTES:,} bytes: there are too many columns, or "
            "their texts are too long. Leave out columns that are not needed.",
            "description_too_large",
        )
    try:
        answered: dict[str, Any] = json.loads(answer.read_bytes())
        if "rejected" in answered:
            raise RejectedDataset(str(answered["rejected"]["detail"]), str(answered["rejected"]["code"]))
        return DescriptionFile.model_validate(answered)
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise TrainyardError("The output of the process that parsed the upload cannot be parsed.") from error


def _raise_for_crash(status: int, complaint: Path) -> None:
    text = complaint.read_bytes()[-NUM_BYTES_LOGGED:].decode(errors="replace")
    logger.error("Parsing an upload ended with status %d: %s", status, text)
    if "No space left on device" in text:
        raise DiskFull("The service's disk is full. Delete datasets and runs that are no longer needed.")
    if status < 0:
        raise RejectedDataset(
            f"Parsing the file ended with {signal.Signals(-status).name}: it needs more memory than there is, or is "
            "malicious. Send less of it, or another format.",
            "reading_ended",
        )
    raise TrainyardError("The service failed to parse the upload. Its log has the details.")
