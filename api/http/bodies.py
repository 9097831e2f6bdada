"""Request bodies, read up to a route's limit and parsed as strict JSON."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel

from api.http.errors import BodyTooSlow
from api.http.json_text import parse_strictly
from core.errors import BodyTooLarge, InvalidInput
from core.specs.parsing import parse_as

PATIENCE_SECONDS = 30.0

SLOWEST_BYTES_PER_SECOND = 16 * 1024
"""A body may take PATIENCE_SECONDS plus its time at this speed, which is below that of a bad telephone line."""

Model = TypeVar("Model", bound=BaseModel)


async def stream_body(request: Request, max_bytes: int, remedy: str) -> AsyncGenerator[bytes]:
    """Yield the body in pieces as they arrive, at most `max_bytes` in total.

    Raises:
        BodyTooLarge: Before anything is read if Content-Length exceeds the limit, else at the piece that exceeds it.
        BodyTooSlow: If it arrives so slowly that the client seems to keep the connection busy on purpose.
        InvalidInput: If the body is compressed.
    """
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        raise InvalidInput(f"The body is encoded with '{encoding[:40]}'. Send it uncompressed.")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > max_bytes:
        raise _too_large(max_bytes, remedy)
    num_bytes = 0
    began = asyncio.get_running_loop().time()
    async with aclosing(request.stream()) as pieces:
        while True:
            try:
                async with asyncio.timeout_at(began + PATIENCE_SECONDS + num_bytes / SLOWEST_BYTES_PER_SECOND):
                    piece = await anext(pieces, None)
            except TimeoutError as error:
                raise BodyTooSlow(
                    f"Only {num_bytes:,} bytes of the body came in {asyncio.get_running_loop().time() - began:.0f} s. "
                    f"Send it faster than {SLOWEST_BYTES_PER_SECOND:,} bytes a second."
                ) from error
            if piece is None:
                return
            num_bytes += len(piece)
            if num_bytes > max_bytes:
                raise _too_large(max_bytes, remedy)
            yield piece


async def read_body(request: Request, max_bytes: int, remedy: str) -> bytes:
    """Return the whole body, of at most `max_bytes`.

    Raises:
        BodyTooLarge: If there is more.
        InvalidInput: If the body is compressed.
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


def _too_large(max_bytes: int, remedy: str) -> BodyTooLarge:
    return BodyTooLarge(f"The body is larger than the {max_bytes:,} bytes that this route accepts. {remedy}")
