"""Content-Encoding of request bodies: gzip and deflate, unpacked piece by piece (RFC 9110 section 8.4)."""

import zlib
from collections.abc import Iterator, Sequence
from typing import Literal

from api.http.errors import BrokenEncoding, UnsupportedEncoding

Encoding = Literal["gzip", "deflate"]

ENCODINGS: dict[str, Encoding] = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate"}

PIECE_BYTES = 64 * 1024
"""Most bytes that are unpacked before they are counted: a kilobyte can unpack to a megabyte."""

GZIP_BITS = 16 + zlib.MAX_WBITS

RAW_BITS = -zlib.MAX_WBITS

ZLIB_METHOD = 8
"""Lower half of the first byte of a zlib stream (RFC 1950 section 2.2)."""


def read_encoding(headers: Sequence[str]) -> Encoding | None:
    """Return the encoding that the Content-Encoding headers of a request name; None if it is not encoded.

    Raises:
        UnsupportedEncoding: If there is another, or more than one.
    """
    names = [name.strip().lower() for name in ",".join(headers).split(",")]
    packed = [name for name in names if name not in {"", "identity"}]
    unknown = [name for name in packed if name not in ENCODINGS]
    if unknown:
        raise UnsupportedEncoding(
            f"The body is encoded with '{unknown[0][:40]}'. Send it as it is, or encoded with gzip or deflate."
        )
    if len(packed) > 1:
        raise UnsupportedEncoding(f"The body is encoded {len(packed)} times. Encode it once.")
    return ENCODINGS[packed[0]] if packed else None


class Unpacker:
    """Unpacks an encoded body.

    A gzip body may have several members (RFC 1952 section 2.2), and zeros after the last, as gzip allows. A deflate
    body is a zlib stream (RFC 1950), or the raw deflate stream (RFC 1951) that some clients send in its place.

    Args:
        encoding: Of the body.
    """

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self._stream: zlib._Decompress | None = None
        self._num_streams = 0
        self._head = b""

    def unpack(self, packed: bytes) -> Iterator[bytes]:
        """Yield what the next bytes of the body unpack to, in pieces of at most PIECE_BYTES.

        Raises:
            BrokenEncoding: If they are damaged.
        """
        waiting = self._head + packed
        self._head = b""
        piece = b""
        # A full piece may have left more behind, even if it took all the bytes.
        while waiting or len(piece) == PIECE_BYTES:
            stream, waiting = self._begin(waiting) if self._stream is None else (self._stream, waiting)
            if stream is None:
                return
            try:
                piece = stream.decompress(waiting, PIECE_BYTES)
            except zlib.error as error:
                raise self._broken(f"is damaged ({error})") from error
            waiting = stream.unused_data if stream.eof else stream.unconsumed_tail
            self._stream = None if stream.eof else stream
            if piece:
                yield piece
            if stream.eof:
                piece = b""

    def finish(self) -> None:
        """Check that the body was whole; an empty one is.

        Raises:
            BrokenEncoding: If it was not.
        """
        if self._stream is not None or self._head:
            raise self._broken("ends too early")

    def _begin(self, waiting: bytes) -> "tuple[zlib._Decompress | None, bytes]":
        """Return the next stream and the bytes for it; no stream if there are too few bytes yet, or only padding."""
        if self._encoding == "gzip":
            if self._num_streams:
                waiting = waiting.lstrip(b"\x00")
            bits = GZIP_BITS
        elif self._num_streams:
            raise self._broken("goes on after its end")
        elif len(waiting) < 2:  # noqa: PLR2004 -- Length of a zlib header.
            self._head, waiting = waiting, b""
        else:
            bits = zlib.MAX_WBITS if _is_zlib(waiting) else RAW_BITS
        if not waiting:
            return None, b""
        self._num_streams += 1
        self._stream = zlib.decompressobj(bits)
        return self._stream, waiting

    def _broken(self, what: str) -> BrokenEncoding:
        detail = f"The body is encoded with {self._encoding}, but {what}. Send it again, or as it is."
        return BrokenEncoding.at("", detail, BrokenEncoding.code)


def _is_zlib(head: bytes) -> bool:
    """Return True for the two bytes that a zlib stream begins with. No encoder begins a raw stream so."""
    return head[0] & 15 == ZLIB_METHOD and int.from_bytes(head[:2], "big") % 31 == 0
