"""Parsing of uploads in a separate process, `python -m ingest`."""

import asyncio
import json
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Request
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from api.child_processes import Ended, run_module
from api.http.errors import DiskFull, RejectedDataset
from core.errors import TrainyardError, Unavailable
from core.settings import Settings
from core.uploads.description import DescriptionFile
from core.uploads.incoming import IncomingDataset
from core.uploads.reading import NO_OPTIONS, ReadingOptions

logger = logging.getLogger(__name__)

AT_ONCE = 2
"""Number of uploads that are parsed at the same time."""

PATIENCE_SECONDS = 30.0
"""Time that an upload waits for its turn."""

MAX_ANSWER_BYTES = 32 * 1024 * 1024


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
        async with self.turn():
            incoming.options.write_text(options.model_dump_json(exclude_none=True))
            ended = await self._run(incoming, request, max_bytes)
            return await run_in_threadpool(_read_answer, ended)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn to work on an upload, and hold it.

        Raises:
            Unavailable: If too many uploads are being worked on.
        """
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

    async def _run(self, incoming: IncomingDataset, request: Request | None, max_bytes: int) -> Ended:
        arguments = [
            str(incoming.folder.path),
            *("--max-bytes", str(max_bytes)),
            *("--memory-bytes", str(self._settings.ingest_memory_bytes)),
            *("--options", str(incoming.options)),
        ]
        timeout = self._settings.ingest_timeout_seconds
        try:
            return await run_module("ingest", arguments, incoming.scratch, timeout_seconds=timeout, request=request)
        except TimeoutError as error:
            raise RejectedDataset(
                f"Parsing the file took longer than {timeout:g} s (TRAINYARD_INGEST_TIMEOUT_SECONDS). "
                "Send less of it, or a table as Parquet.",
                "too_slow",
            ) from error


def _read_answer(ended: Ended) -> DescriptionFile:
    if ended.status != 0:
        _raise_for_crash(ended)
    if ended.answer.stat().st_size > MAX_ANSWER_BYTES:
        raise RejectedDataset(
            f"The description of the data takes more than {MAX_ANSWER_BYTES:,} bytes: there are too many columns, or "
            "their texts are too long. Leave out columns that are not needed.",
            "description_too_large",
        )
    try:
        answered: dict[str, Any] = json.loads(ended.answer.read_bytes())
        if "rejected" in answered:
            raise RejectedDataset(str(answered["rejected"]["detail"]), str(answered["rejected"]["code"]))
        return DescriptionFile.model_validate(answered)
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise TrainyardError("The output of the process that parsed the upload cannot be parsed.") from error


def _raise_for_crash(ended: Ended) -> None:
    logger.error("Parsing an upload ended with status %d: %s", ended.status, ended.complaint)
    if "No space left on device" in ended.complaint:
        raise DiskFull("The service's disk is full. Delete datasets and runs that are no longer needed.")
    if ended.status < 0:
        raise RejectedDataset(
            f"Parsing the file ended with {signal.Signals(-ended.status).name}: it needs more memory than there is, or "
            "is malicious. Send less of it, or another format.",
            "reading_ended",
        )
    raise TrainyardError("The service failed to parse the upload. Its log has the details.")
