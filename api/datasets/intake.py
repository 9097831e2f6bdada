"""Ingestion of uploads: streamed to disk, parsed in a separate process, and stored whole or not at all."""

import asyncio
import errno
import hashlib
import os
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from api.auth.access import name_caller
from api.http.bodies import stream_body
from api.http.errors import DiskFull, RejectedDataset
from api.http.forms import MEDIA_TYPE
from api.service import Service
from core.errors import DatasetMissing
from core.quotas import NO_LIMITS, Limits
from core.uploads.incoming import IncomingDataset
from core.uploads.reading import NO_OPTIONS, ReadingOptions
from db import quotas, stored_datasets
from db.records.datasets import DatasetVersionRecord
from db.stored_datasets import Upload

PIECE_BYTES = 1024 * 1024

CHECKED_EVERY_BYTES = 64 * 1024 * 1024

RESERVE_BYTES = 256 * 1024 * 1024
"""Bytes to leave free on the disk, which usually contains the database too."""


TOO_LARGE_REMEDY = "Send less of it, or raise TRAINYARD_MAX_DATASET_BYTES."

RECEIVED = "trainyard.received_upload"
"""Key of an upload that came in a form, in a request's ASGI scope."""


@dataclass(frozen=True, slots=True)
class ReceivedUpload:
    """Upload that is on the disk, and has not been parsed yet."""

    incoming: IncomingDataset
    sha256: str
    num_bytes: int


@asynccontextmanager
async def received_body(service: Service, request: Request) -> AsyncIterator[ReceivedUpload]:
    """Write the body of a request to a folder of its own, as `received` does; one that came in a form is there already.

    Raises:
        BodyTooLarge: If there are more bytes than the settings allow.
        BodyTooSlow: If they arrive too slowly.
        RejectedDataset: If there are none, or the body has several parts.
        DiskFull: If the disk is full.
    """
    await run_in_threadpool(check_quota, service, request)
    upload: ReceivedUpload | None = request.scope.get(RECEIVED)
    if upload is not None:
        yield upload
        return
    _check_form(request)
    body = stream_body(request, service.settings.max_dataset_bytes, TOO_LARGE_REMEDY)
    async with received(service, body, declared_bytes(request)) as upload:
        yield upload


async def ingest_pieces(
    service: Service, pieces: AsyncGenerator[bytes], name: str, filename: str
) -> tuple[DatasetVersionRecord, bool]:
    """Store bytes that no request carries, just as those that one does.

    Returns:
        The version, and whether it is new.

    Raises:
        RejectedDataset: If a run could not learn from them, saying what to mend.
        DiskFull: If there is no room for them.
        Unavailable: If too many uploads are being read.
    """
    async with received(service, pieces, 0) as upload:
        return await store(service, upload, name, filename, None)


@asynccontextmanager
async def received(
    service: Service, pieces: AsyncGenerator[bytes], num_bytes_declared: int
) -> AsyncIterator[ReceivedUpload]:
    """Write an upload to a folder of its own, which is removed at the end unless it has been moved into the store.

    Raises:
        RejectedDataset: If it is empty.
        DiskFull: If the disk is full, now or within the context.
    """
    with _reported_as_full():
        await run_in_threadpool(_check_room, service, num_bytes_declared)
        async with _incoming(service) as incoming:
            sha256, num_bytes = await _receive(service, pieces, incoming.folder.original)
            yield ReceivedUpload(incoming, sha256, num_bytes)


async def store(
    service: Service,
    received: ReceivedUpload,
    name: str,
    filename: str | None,
    request: Request | None,
    options: ReadingOptions = NO_OPTIONS,
) -> tuple[DatasetVersionRecord, bool]:
    """Store an upload as a version of a dataset.

    Unless the dataset has a version with the same bytes that was read with the same options.

    Returns:
        The version, and True if it is new.

    Raises:
        RejectedDataset: If it is not valid training data; the error says what to fix.
        QuotaExceeded: If it does not fit into the caller's quota.
        DiskFull: If the disk is full.
        Unavailable: If too many uploads are being parsed.
    """
    upload = Upload(name, received.sha256, received.num_bytes, filename, options, *_quota_of(service, request))
    known = await run_in_threadpool(stored_datasets.add_known, service.database, service.dataset_store, upload)
    if known is not None:
        return known
    return await _read(service, upload, received.incoming, request)


async def read_again(
    service: Service, request: Request, source: DatasetVersionRecord, options: ReadingOptions
) -> tuple[DatasetVersionRecord, bool]:
    """Store the bytes of a version as another version, read with other options, unless the dataset has that.

    Returns:
        The version, and True if it is new.

    Raises:
        DatasetMissing: If the bytes are missing on the disk.
        RejectedDataset: If they cannot be read so; the error says what to fix.
        DiskFull: If the disk is full.
        Unavailable: If too many uploads are being parsed.
    """
    store = service.dataset_store
    quota = _quota_of(service, request)
    upload = Upload(source.dataset_name, source.sha256, source.num_bytes, source.filename, options, *quota)
    known = await run_in_threadpool(stored_datasets.add_known, service.database, store, upload)
    if known is not None:
        return known
    with _reported_as_full():
        async with _incoming(service) as incoming:
            original = await run_in_threadpool(store.find_original, source.key)
            if original is None:
                raise bytes_missing(source)
            try:
                await run_in_threadpool(incoming.share_original, original)
            except FileNotFoundError as error:
                raise bytes_missing(source) from error
            return await _read(service, upload, incoming, request)


def check_quota(service: Service, request: Request) -> None:
    """Check, before an upload is received, that a body of its Content-Length fits into the caller's quota.

    Raises:
        QuotaExceeded: If it does not.
    """
    caller, limits = _quota_of(service, request)
    with service.database.reading() as session:
        quotas.admit_bytes(session, caller, limits, declared_bytes(request), is_final=False)


def _quota_of(service: Service, request: Request | None) -> tuple[str | None, Limits]:
    """Return the submitter of a request and the limits of those without their own; no limits without a request."""
    return (None, NO_LIMITS) if request is None else (name_caller(request), service.settings.limits)


def bytes_missing(record: DatasetVersionRecord) -> DatasetMissing:
    """Return the error that the bytes of a version are not on the disk."""
    return DatasetMissing(
        f"The bytes of version {record.version} of '{record.dataset_name}' are missing on the disk. Upload them again."
    )


async def _read(
    service: Service, upload: Upload, incoming: IncomingDataset, request: Request | None
) -> tuple[DatasetVersionRecord, bool]:
    max_bytes = await run_in_threadpool(_check_room, service, 0)
    max_bytes = min(max_bytes, service.settings.max_unpacked_bytes)
    described = await service.ingestion.read(incoming, request, max_bytes, upload.options)
    await run_in_threadpool(incoming.sync)
    store = service.dataset_store
    return await run_in_threadpool(stored_datasets.add_new, service.database, store, upload, incoming.folder, described)


@asynccontextmanager
async def _incoming(service: Service) -> AsyncIterator[IncomingDataset]:
    incoming = await run_in_threadpool(service.dataset_store.open)
    try:
        yield incoming
    except asyncio.CancelledError:
        # A cancelled task must not wait for anything.
        asyncio.get_running_loop().run_in_executor(None, incoming.discard)
        raise
    except BaseException:
        await run_in_threadpool(incoming.discard)
        raise
    await run_in_threadpool(incoming.discard)


async def _receive(service: Service, body: AsyncGenerator[bytes], target: Path) -> tuple[str, int]:
    """Write the body to a file and sync it; return its sha256 and size."""
    digest = hashlib.sha256()
    num_bytes = 0
    waiting = bytearray()

    def write(writer: BinaryIO, content: bytes) -> None:
        if num_bytes // CHECKED_EVERY_BYTES != (num_bytes + len(content)) // CHECKED_EVERY_BYTES:
            _check_room(service, 0)
        digest.update(content)
        writer.write(content)

    with target.open("xb") as writer:
        async with aclosing(body) as pieces:
            async for piece in pieces:
                waiting += piece
                if len(waiting) >= PIECE_BYTES:
                    await run_in_threadpool(write, writer, bytes(waiting))
                    num_bytes += len(waiting)
                    waiting.clear()
        await run_in_threadpool(write, writer, bytes(waiting))
        num_bytes += len(waiting)
        await run_in_threadpool(_sync, writer)
    if not num_bytes:
        raise RejectedDataset("The body is empty. Send the bytes of a file: curl --data-binary @FILE …", "empty")
    return digest.hexdigest(), num_bytes


def _check_form(request: Request) -> None:
    """Reject bodies of several parts other than forms, which would be parsed as a table with extra lines.

    Raises:
        RejectedDataset: If the body is one.
    """
    content_type = request.headers.get("content-type", "").lower()
    if content_type.startswith("multipart/"):
        raise RejectedDataset(
            f"The body is {content_type.partition(';')[0][:80]}. Send the file itself (curl --data-binary @FILE …), or "
            f"a form, {MEDIA_TYPE} (curl -F file=@FILE …).",
            "multipart_form",
        )


def declared_bytes(request: Request) -> int:
    """Return the Content-Length of a request, 0 if it has none."""
    declared = request.headers.get("content-length", "")
    return int(declared[:20]) if declared.isdecimal() else 0


def _check_room(service: Service, num_bytes: int) -> int:
    """Return the number of bytes that may still be written.

    Raises:
        DiskFull: If that is less than num_bytes.
    """
    if num_bytes > service.settings.max_dataset_bytes:
        return 0  # Rejected for its size, even if the disk has room.
    room = service.dataset_store.free_bytes() - RESERVE_BYTES
    if room <= num_bytes:
        raise _disk_full()
    return room - num_bytes


@contextmanager
def _reported_as_full() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise _disk_full() from error
        raise


def _disk_full() -> DiskFull:
    return DiskFull("The service's disk is full. Delete datasets and runs that are no longer needed.")


def _sync(writer: BinaryIO) -> None:
    writer.flush()
    os.fsync(writer.fileno())
