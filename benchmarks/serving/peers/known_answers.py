"""A server that only looks answers up: the most that the load generator can measure.

`python -m benchmarks.serving.peers.known_answers PORT SAMPLES` answers the requests of these samples in the form v1.
"""

import asyncio
import sys
from typing import cast

import orjson
import uvloop

from benchmarks.serving.samples import Samples
from benchmarks.serving.wire import V1, make_request


class Lookup(asyncio.Protocol):
    """Connection on which each request is found among known ones, as bytes."""

    def __init__(self, answers: dict[bytes, bytes]) -> None:
        self._answers = answers
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        # uvloop's transports are not of asyncio's class.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer once the bytes are a known request; any GET is answered at once."""
        self._received += data
        answer = self._answers.get(self._received)
        if answer is None and self._received.startswith(b"GET "):
            answer = _make_answer(b"{}")
        if answer is not None:
            self._received = b""
            self._transport.write(answer)


def _make_answer(body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return head % len(body) + body


async def _serve(port: int, samples: Samples) -> None:
    answers = {
        make_request(V1, "net", rows): _make_answer(
            orjson.dumps({"predictions": outputs}, option=orjson.OPT_SERIALIZE_NUMPY)
        )
        for rows, outputs in zip(samples.rows, samples.outputs, strict=True)
    }
    server = await asyncio.get_running_loop().create_server(lambda: Lookup(answers), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), Samples.read(sys.argv[2])))
