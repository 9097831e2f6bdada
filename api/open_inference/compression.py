"""Content-Encoding of answers, where the client asks for it and it saves something."""

import gzip
import zlib

from starlette.concurrency import run_in_threadpool

from api.prediction.calls import JSON, Reply

CONTENT_TYPE = (b"content-type", JSON)

LEVEL = 1
"""Numbers hardly become smaller at higher levels, and take several times as long."""

LEAST_LISTED_BYTES = 16 * 1024
"""Many clients list all encodings that they know in every request: then smaller answers are sent as they are."""

LARGE_BYTES = 64 * 1024
"""Answers that take milliseconds to encode, in which the event loop has others to answer."""


async def compress(reply: Reply, accepted: bytes) -> Reply:
    """Return a reply with its body encoded, if that is asked for and smaller.

    Args:
        reply: Not encoded yet.
        accepted: Value of the request's Accept-Encoding. One encoding alone asks for it; a list of several only allows
            it, and the body is encoded if it is large, and JSON.
    """
    encoding = choose_encoding(accepted)
    if encoding is None:
        return reply
    is_listed = b"," in accepted
    if is_listed and (len(reply.body) < LEAST_LISTED_BYTES or CONTENT_TYPE not in reply.headers):
        return reply
    if len(reply.body) > LARGE_BYTES:
        packed = await run_in_threadpool(_pack, reply.body, encoding)
    else:
        packed = _pack(reply.body, encoding)
    if len(packed) >= len(reply.body):
        return reply
    headers = [*reply.headers, (b"content-encoding", encoding), (b"vary", b"accept-encoding")]
    return Reply(packed, headers, reply.status)


def choose_encoding(accepted: bytes) -> bytes | None:
    """Return gzip or deflate, whichever an Accept-Encoding header prefers; None if it takes neither."""
    best, weight = None, 0.0
    for part in accepted.lower().split(b","):
        name, _, parameter = part.partition(b";")
        own = _read_weight(parameter)
        if name.strip() in {b"gzip", b"deflate"} and own > weight:
            best, weight = name.strip(), own
    return best


def _read_weight(parameter: bytes) -> float:
    """Return the weight of `q=0.5` (RFC 9110 section 12.4.2); 1 if there is none."""
    name, _, value = parameter.partition(b"=")
    if name.strip() != b"q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def _pack(body: bytes, encoding: bytes) -> bytes:
    # "deflate" is a zlib stream (RFC 9110 section 8.4.1.2).
    return gzip.compress(body, LEVEL, mtime=0) if encoding == b"gzip" else zlib.compress(body, LEVEL)
