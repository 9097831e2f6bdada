"""Framing of records, as TensorFlow's record_writer.h defines it, for many records of one length at once.

A record is its length (uint64), the masked CRC of these 8 bytes, the content, and the masked CRC of the content, all
little-endian. The CRC is CRC-32C (Castagnoli; RFC 3720, appendix B.4).
"""

import numpy as np
from numpy.typing import NDArray

NUM_LENGTH_BYTES, NUM_CRC_BYTES = 8, 4
HEADER_BYTES = NUM_LENGTH_BYTES + NUM_CRC_BYTES

_REVERSED_POLYNOMIAL = np.uint32(0x82F63B78)
_ALL_ONES = np.uint32(0xFFFFFFFF)
_MASK_DELTA = np.uint32(0xA282EAD8)
_NUM_BYTE_VALUES = 256


def _make_table() -> NDArray[np.uint32]:
    table = np.arange(_NUM_BYTE_VALUES, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, table >> 1 ^ _REVERSED_POLYNOMIAL, table >> 1)
    return table


_TABLE = _make_table()


def compute_crcs(contents: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return the CRC-32C of each row.

    Args:
        contents: (n, num_bytes). A step of the loop takes a byte of every row, so many rows cost little more than one.

    Returns:
        (n,)
    """
    crcs = np.full(len(contents), _ALL_ONES)
    for column in np.ascontiguousarray(contents.T):
        crcs = _TABLE[(crcs ^ column) & 0xFF] ^ crcs >> 8
    return crcs ^ _ALL_ONES


def frame_rows(contents: NDArray[np.uint8]) -> bytes:
    """Return a record for each row, one after another.

    Args:
        contents: (n, num_bytes), n of 0 or more.
    """
    num_rows, num_bytes = contents.shape
    framed = np.empty((num_rows, HEADER_BYTES + num_bytes + NUM_CRC_BYTES), np.uint8)
    length = np.frombuffer(num_bytes.to_bytes(NUM_LENGTH_BYTES, "little"), np.uint8)
    framed[:, :NUM_LENGTH_BYTES] = length
    framed[:, NUM_LENGTH_BYTES:HEADER_BYTES] = _masked(compute_crcs(length[None]))
    framed[:, HEADER_BYTES:-NUM_CRC_BYTES] = contents
    framed[:, -NUM_CRC_BYTES:] = _masked(compute_crcs(contents))
    return framed.tobytes()


def frame(content: bytes) -> bytes:
    """Return one record."""
    return frame_rows(np.frombuffer(content, np.uint8)[None])


def _masked(crcs: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Return (n, 4) bytes of CRCs that are rotated and moved, so that the CRC of a text that holds CRCs is no worse."""
    masked = (crcs >> 15 | crcs << 17) + _MASK_DELTA
    return masked.astype("<u4")[:, None].view(np.uint8)
