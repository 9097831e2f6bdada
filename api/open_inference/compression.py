"""Content-Encoding of answers, where the client asks for it and it saves something."""

from starlette.concurrency import run_in_threadpool

from api.http.compression import choose_coding, pack
from api.prediction.calls import JSON, Reply

CODINGS = ("gzip", "deflate")
"""Codings that the clients of the protocol know, the preferred one first."""

CONTENT_TYPE = (b"content-type", JSON)

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
    coding = choose_coding(accepted.decode("latin-1"), CODINGS)
    if coding is None:
        return reply
    is_listed = b"," in accepted
    if is_listed and (len(reply.body) < LEAST_LISTED_BYTES or CONTENT_TYPE not in reply.headers):
        return reply
    if len(reply.body) > LARGE_BYTES:
        packed = await run_in_threadpool(pack, reply.body, coding)
    else:
        packed = pack(reply.body, coding)
    if len(packed) >= len(reply.body):
        return reply
    headers = [*reply.headers, (b"content-encoding", coding.encode()), (b"vary", b"accept-encoding")]
    return Reply(packed, headers, reply.status)
