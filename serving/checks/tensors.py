"""Tensors in an ONNX file: their elements are in the file, and as many as they claim."""

from math import prod

from serving.checks.errors import RejectedNetwork
from serving.checks.fields import TensorField
from serving.checks.wire import Message
from serving.errors import show

BITS = {
    # In the order of TensorProto.DataType; 8, text, has no fixed size.
    **dict(zip(range(1, 8), (32, 8, 8, 16, 16, 32, 64), strict=True)),
    **dict(zip(range(9, 17), (8, 16, 64, 32, 64, 64, 128, 16), strict=True)),
    **dict(zip(range(17, 27), (8, 8, 8, 8, 4, 4, 4, 8, 2, 2), strict=True)),
}

TEXT = 8

COMPLEX = frozenset({14, 15})

MAX_ELEMENTS = 2**40

TYPED_FIELDS = (
    (TensorField.FLOAT_DATA, 4),
    (TensorField.INT32_DATA, None),
    (TensorField.INT64_DATA, None),
    (TensorField.DOUBLE_DATA, 8),
    (TensorField.UINT64_DATA, None),
)
"""Fields for the elements of a tensor that are not raw: their numbers, and the bytes of an element."""


def check_tensor(tensor: Message, name: str) -> None:
    """Check that a tensor is in the file, all of it.

    Raises:
        RejectedNetwork: If it is in another file, or holds another number of elements than its dimensions say.
    """
    if tensor.integer(TensorField.DATA_LOCATION) or tensor.has(TensorField.EXTERNAL_DATA):
        raise RejectedNetwork(
            "external_data",
            f"The tensor '{show(name)}' is in another file. Save the network as one file: "
            "onnx.save(model, path, save_as_external_data=False).",
        )
    if tensor.has(TensorField.SEGMENT):
        raise RejectedNetwork("malformed_network", f"The tensor '{show(name)}' is stored in segments. Export it again.")
    dims, kind = tensor.integers(TensorField.DIMS), tensor.integer(TensorField.DATA_TYPE)
    if kind != TEXT and kind not in BITS:
        raise RejectedNetwork("unsupported_type", f"The tensor '{show(name)}' has the unknown element type {kind}.")
    if any(not 0 <= length <= MAX_ELEMENTS for length in dims) or prod(dims) > MAX_ELEMENTS:
        raise RejectedNetwork("wrong_tensor_size", f"The tensor '{show(name)}' has dimensions that no file can hold.")
    wanted = prod(dims)
    held, claimed = _count(tensor, kind, wanted)
    if held != claimed:
        raise RejectedNetwork(
            "wrong_tensor_size",
            f"The tensor '{show(name)}' of {'×'.join(map(str, dims)) or 'one element'} claims {claimed:,} "
            f"{'bytes' if tensor.has(TensorField.RAW_DATA) else 'elements'}, and the file holds {held:,}. Export the "
            "network again.",
        )


def _count(tensor: Message, kind: int, wanted: int) -> tuple[int, int]:
    """Return what the file holds of a tensor and what the tensor claims: bytes if it is raw, else elements."""
    raw = tensor.content(TensorField.RAW_DATA)
    if kind == TEXT:
        return len(tensor.contents(TensorField.STRING_DATA)), wanted
    if raw is not None:
        return len(raw), -(-wanted * BITS[kind] // 8)
    held = sum(tensor.count(number, num_bytes) for number, num_bytes in TYPED_FIELDS)
    if kind in COMPLEX:
        return held, 2 * wanted
    # Elements of less than a byte share one.
    return held, wanted if BITS[kind] >= 8 else -(-wanted * BITS[kind] // 8)  # noqa: PLR2004
