"""Comparison of answers with the right ones, cheap enough for every answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

OK = 200

MOST_REMEMBERED = 1_000
TOLERANCE = 1e-4

Outputs = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Head:
    """Head of an HTTP answer.

    Attributes:
        status: Status code.
        length: Bytes of the body.
        json_length: Bytes of the JSON in front of binary tensors; None without that header.
    """

    status: int
    length: int
    json_length: int | None = None


Decode = Callable[[bytes, Head], Outputs]
"""Reads outputs from the body of an answer.

Raises:
    ValueError, KeyError or TypeError: If it has another form.
"""


def parse_head(head: bytes) -> Head:
    """Read the head of an HTTP/1.1 answer, without the empty line at its end.

    Raises:
        ValueError: If it is none, or has no Content-Length.
    """
    status_line, *lines = head.decode("latin-1").split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if not status_line.startswith("HTTP/1.1 ") or "content-length" not in fields:
        raise ValueError(f"Expected an answer of HTTP/1.1 with Content-Length; got {head!r}.")
    json_length = fields.get("inference-header-content-length")
    return Head(
        int(status_line.split(" ")[1]),
        int(fields["content-length"]),
        None if json_length is None else int(json_length),
    )


class FindsErrors(Protocol):
    """Says what is wrong with an answer."""

    def find_error(self, number: int, head: Head, body: bytes) -> str | None:
        """Return the kind of error in the answer to request `number`; None for the right answer."""


class Judge:
    """Compares answers with the right outputs: with the bytes of answers that were right before, or number by number.

    Args:
        outputs: Right outputs for each request, in order.
        decode: Reads the outputs from an answer.
    """

    def __init__(self, outputs: Sequence[Outputs] | Outputs, decode: Decode) -> None:
        self._outputs = outputs
        self._decode = decode
        self._right: list[set[bytes]] = [set() for _ in outputs]
        self._refusals: dict[int, str] = {}

    def find_error(self, number: int, head: Head, body: bytes) -> str | None:
        """Return the kind of error in the answer to request `number`; None for the right answer."""
        if head.status != OK:
            # Texts may differ each time, as by an id.
            text = f"status {head.status}, such as {body[:200].decode(errors='replace')}"
            return self._refusals.setdefault(head.status, text)
        right = self._right[number]
        if body in right:
            return None
        try:
            answered = self._decode(body, head)
        except (ValueError, KeyError, TypeError) as error:
            return f"unreadable answer: {error!r}"
        expected = self._outputs[number]
        if answered.shape != expected.shape or not np.allclose(answered, expected, TOLERANCE, TOLERANCE):
            return "wrong answer"
        if len(right) < MOST_REMEMBERED:
            right.add(body)
        return None
