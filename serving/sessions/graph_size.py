"""Size of an ONNX file's network in memory.

Measured by `python -m benchmarks.model_pool` with onnxruntime 1.31: resident memory after a load, a call of one row and
a trim of the heap, in MB.

| network | file | nodes | memory | estimate |
|---|---|---|---|---|
| 4-16-16-3 | 0.002 | 7 | 0.11 | 0.19 |
| MNIST, 784-512-512-10 | 2.68 | 7 | 2.80 | 3.00 |
| MNIST, 2 convolutions and 2 dense layers | 1.69 | 12 | 1.84 | 1.98 |
| VGG-like, 5 convolutions and 1 dense layer | 264.4 | 16 | 266.7 | 277.8 |
| 502 dense layers of 4 | 0.10 | 1,005 | 4.66 | 5.28 |

onnxruntime packs weights anew for its products, which takes some more memory, and keeps objects for each node.
"""

import mmap
from collections.abc import Iterator
from pathlib import Path

SESSION_BYTES = 150_000
BYTES_PER_FILE_BYTE = 1.05
BYTES_PER_NODE = 5_000

GRAPH_FIELD = 7
"""Number of `graph` in ModelProto (onnx.proto)."""

NODE_FIELD = 1
"""Number of `node` in GraphProto."""

VARINT, DELIMITED = 0, 2
FIXED_BYTES = {1: 8, 5: 4}
"""Types of fields on the wire (Protocol Buffers, Encoding)."""


def estimate_bytes(onnx_path: Path) -> int:
    """Return the memory of a network, by estimate.

    Raises:
        OSError: If the file cannot be read.
    """
    file_bytes = onnx_path.stat().st_size
    return SESSION_BYTES + int(BYTES_PER_FILE_BYTE * file_bytes) + BYTES_PER_NODE * count_nodes(onnx_path)


def count_nodes(onnx_path: Path) -> int:
    """Return the number of nodes of a network's graph, without those of loops; 0 for what is no ONNX file.

    Reads only the beginning of each field, never the weights.

    Raises:
        OSError: If the file cannot be read.
    """
    with onnx_path.open("rb") as file:
        if not onnx_path.stat().st_size:
            return 0
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            try:
                return sum(
                    sum(number == NODE_FIELD for number, _, _ in _list_fields(content, start, stop))
                    for graph, start, stop in _list_fields(content, 0, len(content))
                    if graph == GRAPH_FIELD
                )
            except IndexError:
                return 0


def _list_fields(content: mmap.mmap, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """Yield number, start and end of each field with a length; others are passed over.

    Raises:
        IndexError: If the content ends too soon, or has another form.
    """
    while start < stop:
        tag, start = _read_varint(content, start)
        wire_type = tag & 7
        if wire_type == VARINT:
            _, start = _read_varint(content, start)
        elif wire_type in FIXED_BYTES:
            start += FIXED_BYTES[wire_type]
        elif wire_type == DELIMITED:
            length, start = _read_varint(content, start)
            yield tag >> 3, start, start + length
            start += length
        else:
            raise IndexError(f"There is no wire type {wire_type}.")


def _read_varint(content: mmap.mmap, start: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[start]
        start += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the last byte has its first bit unset.
            return value, start
        shift += 7
