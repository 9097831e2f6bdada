"""Request bodies: read no more than a route's limit, and parse nothing but strict JSON."""

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
"""A body may take PATIENCE_SECONDS and what it takes at this speed; that of a bad telephone line is higher."""

Model = TypeVar("Model", bound=BaseModel)


async def stream_body(request: Request, max_bytes: int, remedy: str) -> AsyncGenerator[bytes]:
    """Yield the body in pieces as they come, at most `max_bytes` in all.

    Raises:
        BodyTooLarge: Before anything is read if the request says how long it is, else at the piece that is too much.
        BodyTooSlow: If it comes so slowly that the client seems to mean to keep the connection busy.
        InvalidInput: If the body is compressed.
    """
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        raise InvalidInput(f"The body is encoded with '{encoding[:40]}'. Send it as it is.")
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
                    f"Of the body only {num_bytes:,} bytes came in {asyncio.get_running_loop().time() - began:.0f} s. "
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
    # One buffer: a list of millions of tiny pieces would take many times the limit.
    body = bytearray()
    async with aclosing(stream_body(request, max_bytes, remedy)) as pieces:
        async for piece in pieces:
            body += piece
    return bytes(body)


def read_document(model: type[Model], text: bytes) -> Model:
    """Read a body as one of our models.

    Raises:
        InvalidInput: If it is not strict JSON.
        InvalidSpec: If it does not have the form, with a problem for each mistake.
    """
    return parse_as(model, parse_strictly(text))


def _too_large(max_bytes: int, remedy: str) -> BodyTooLarge:
    return BodyTooLarge(f"The body is larger than the {max_bytes:,} bytes this route takes. {remedy}")
