"""Content-Encoding of answers: the choice by Accept-Encoding (RFC 9110 section 12.5.3), and the packing."""

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Protocol

from fastapi import Depends, Request
from starlette.responses import Response

WEIGHT = re.compile(r"q=(0(\.[0-9]{0,3})?|1(\.0{0,3})?)")
"""Weight of a coding (RFC 9110 section 12.4.2)."""

LEAST_BYTES = 4 * 1024
"""Smaller bodies fit into a few packets as they are."""

GZIP_LEVEL = 1
"""Numbers hardly become smaller at higher levels, and take several times as long."""

ZSTD_LEVEL = 3
"""Smaller than gzip's, in a third of the time."""

CODINGS = ("zstd", "gzip")
"""Codings of large answers, the preferred one first."""

VARY = {"Vary": "Accept-Encoding"}


def choose_coding(accepted: str, offered: Sequence[str] = CODINGS) -> str | None:
    """Return the coding with the greatest weight in an Accept-Encoding header; the earlier one of equals.

    Args:
        accepted: Value of the header, "" if there is none.
        offered: Codings in the order of preference.

    Returns:
        None if the answer is to be sent as it is: no coding is accepted, or `identity` is preferred.
    """
    weights = _read_weights(accepted)
    others = weights.get("*", 0.0)
    best = max(offered, key=lambda coding: weights.get(coding, others))
    weight = weights.get(best, others)
    return best if weight > 0 and weight >= weights.get("identity", 0.0) else None


def _read_weights(accepted: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, _, parameter = part.partition(";")
        found = WEIGHT.fullmatch(parameter.replace(" ", ""))
        # What is not a weight accepts nothing: the coding would be a guess.
        weight = 1.0 if not parameter.strip() else float(found[1]) if found else 0.0
        coding = name.strip()
        # RFC 9110 section 8.4.1.3.
        weights[coding.removeprefix("x-") if coding == "x-gzip" else coding] = weight
    return weights


def pack(body: bytes, coding: str) -> bytes:
    """Return a body in a coding: `gzip`, `zstd`, or `deflate`, which is a zlib stream (RFC 9110 section 8.4.1.2)."""
    match coding:
        case "gzip":
            return gzip.compress(body, GZIP_LEVEL, mtime=0)
        case "zstd":
            from backports import zstd  # noqa: PLC0415 - only for clients that ask for it.

            return zstd.compress(body, ZSTD_LEVEL)
    return zlib.compress(body, GZIP_LEVEL)


def _read_accepted(request: Request) -> str:
    return ",".join(request.headers.getlist("accept-encoding"))


AcceptedCodings = Annotated[str, Depends(_read_accepted)]
"""Accept-Encoding of a request; "" if there is none."""


def packed_answer(body: bytes, accepted: str, media_type: str, *, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response in the coding that its client prefers, if that makes it smaller.

    Its ETag, if it has one, must be weak: the same for all codings (RFC 9110 section 8.8.1).
    """
    coding = choose_coding(accepted) if len(body) >= LEAST_BYTES else None
    packed = body if coding is None else pack(body, coding)
    encoding = {"Content-Encoding": coding} if coding is not None and len(packed) < len(body) else {}
    content = packed if encoding else body
    return Response(content, headers={**(headers or {}), **VARY, **encoding}, media_type=media_type)


class Packer(Protocol):
    """Packs a body piece by piece."""

    def compress(self, data: bytes, /) -> bytes:
        """Return what is ready of the packed body."""

    def flush(self) -> bytes:
        """Return the rest."""


def _make_packer(coding: str) -> Packer:
    if coding == "gzip":
        return zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    from backports import zstd  # noqa: PLC0415 - only for clients that ask for it.

    return zstd.ZstdCompressor(ZSTD_LEVEL)


def packed_stream(pieces: Iterable[bytes], accepted: str) -> tuple[Iterator[bytes], Mapping[str, str]]:
    """Return the pieces of a body in the coding that its client prefers, and the headers that say so."""
    coding = choose_coding(accepted)
    if coding is None:
        return iter(pieces), VARY
    return _pack_pieces(pieces, _make_packer(coding)), {**VARY, "Content-Encoding": coding}


def _pack_pieces(pieces: Iterable[bytes], packer: Packer) -> Iterator[bytes]:
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()
