"""Request bodies, read up to a route's limit and parsed as strict JSON."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel

from api.http.encodings import Unpacker, read_encoding
from api.http.errors import BodyTooSlow, BrokenEncoding
from api.http.json_text import parse_strictly
from core.errors import BodyTooLarge
from core.specs.parsing import parse_as

PATIENCE_SECONDS = 30.0

SLOWEST_BYTES_PER_SECOND = 16 * 1024
"""A body may take PATIENCE_SECONDS plus its time at this speed, which is below that of a bad telephone line."""

Model = TypeVar("Model", bound=BaseModel)


def stream_body(request: Request, max_bytes: int, remedy: str) -> AsyncGenerator[bytes]:
    """Return the body in pieces as they arrive, unpacked if it is encoded, at most `max_bytes` in total.

    Raises:
        UnsupportedEncoding: Before anything is read, if Content-Encoding is neither gzip nor deflate.

    The generator raises:
        BodyTooLarge: Before anything is read if Content-Length exceeds the limit, else at the piece that exceeds it.
        BodyTooSlow: If it arrives so slowly that the client seems to keep the connection busy on purpose.
        BrokenEncoding: If it is encoded, and damaged or cut off.
    """
    encoding = read_encoding(request.headers.getlist("content-encoding"))
    if encoding is None:
        return _receive(request, max_bytes, _too_large(max_bytes, remedy))
    return _receive_packed(request, Unpacker(encoding), max_bytes, remedy)


async def _receive_packed(request: Request, unpacker: Unpacker, max_bytes: int, remedy: str) -> AsyncGenerator[bytes]:
    num_bytes = 0
    # What cannot be compressed grows a little.
    received = _receive(request, max_bytes + max_bytes // 1000 + 1024, _too_large(max_bytes, remedy))
    async with aclosing(received) as pieces:
        async for packed in pieces:
            try:
                for piece in unpacker.unpack(packed):
                    num_bytes += len(piece)
                    if num_bytes > max_bytes:
                        await _note_end(request, pieces)
                        raise _too_large(max_bytes, remedy, "unpacks to more")
                    yield piece
            except BrokenEncoding:
                # The client reads the answer once it has sent all.
                async for _ in pieces:
                    pass
                raise
    unpacker.finish()


async def _receive(request: Request, max_bytes: int, too_large: BodyTooLarge) -> AsyncGenerator[bytes]:
    """Yield the bytes of the body as they arrive."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > max_bytes:
        raise too_large
    num_bytes = 0
    began = asyncio.get_running_loop().time()
    async with aclosing(request.stream()) as pieces:
        while True:
            try:
                async with asyncio.timeout_at(began + PATIENCE_SECONDS + num_bytes / SLOWEST_BYTES_PER_SECOND):
                    piece = await anext(pieces, None)
            except TimeoutError as error:
                raise too_slow(num_bytes, asyncio.get_running_loop().time() - began) from error
            if piece is None:
                return
            num_bytes += len(piece)
            if num_bytes > max_bytes:
                raise too_large
            yield piece


def too_slow(num_bytes: int, seconds: float) -> BodyTooSlow:
    """Return the error for a body of which only so many bytes came in this time."""
    return BodyTooSlow(
        f"Only {num_bytes:,} bytes of the body came in {seconds:.0f} s. "
        f"Send it faster than {SLOWEST_BYTES_PER_SECOND:,} bytes a second."
    )


def is_body_read(request: Request) -> bool:
    """Return True if all of a rejected body is known to have been received."""
    return bool(getattr(request.state, "is_body_read", False))


async def _note_end(request: Request, pieces: AsyncGenerator[bytes]) -> None:
    """Note that the body has been received, if that needs no waiting."""
    with suppress(TimeoutError):
        async with asyncio.timeout(0):
            # Starlette marks the end with an empty piece.
            request.state.is_body_read = not await anext(pieces, None)


async def read_body(request: Request, max_bytes: int, remedy: str) -> bytes:
    """Return the whole body, of at most `max_bytes`.

    Raises:
        BodyTooLarge: If there is more, also once it is unpacked.
        UnsupportedEncoding, BrokenEncoding: As from `stream_body`.
    """
    # One buffer: a list of millions of tiny pieces could take many times the limit.
    body = bytearray()
    async with aclosing(stream_body(request, max_bytes, remedy)) as pieces:
        async for piece in pieces:
            body += piece
    return bytes(body)


def read_document(model: type[Model], text: bytes) -> Model:
    """Parse a body as a model.

    Raises:
        InvalidInput: If it is not strict JSON.
        InvalidSpec: If it does not match the model, with a problem for each mistake.
    """
    return parse_as(model, parse_strictly(text))


def _too_large(max_bytes: int, remedy: str, how: str = "is larger") -> BodyTooLarge:
    return BodyTooLarge(f"The body {how} than the {max_bytes:,} bytes that this route accepts. {remedy}")
