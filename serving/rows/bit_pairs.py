"""Whole numbers as bits, least significant first, for the binary adder."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import Problem, nearest
from serving.errors import MAX_PROBLEMS, describe, reject_all, show
from serving.rows.tensors import RowsPointer

OPERANDS = ("a", "b")


def read_operands(rows: list[dict[str, Any]], num_bits: int, place: RowsPointer) -> NDArray[np.float32]:
    """Read rows such as `{"a": 45, "b": 77}`.

    The highest bit of each operand must be 0, so that every sum fits in `num_bits` bits.

    Returns:
        (num_rows, num_bits, 2), float32, 0 or 1: the bits of a and b, least significant first.

    Raises:
        InvalidInstances: If a row has other names, or a number is not whole or out of range.
    """
    problems: list[Problem] = []
    operands: list[int] = []
    for index, row in enumerate(rows):
        for problem in _check_row(index, row, num_bits, place):
            problems.append(problem)
            if len(problems) == MAX_PROBLEMS:
                raise reject_all(problems)
        if not problems:
            operands.extend(int(row[name]) for name in OPERANDS)
    if problems:
        raise reject_all(problems)
    bits = to_bits(operands, num_bits)
    return bits.reshape(len(rows), len(OPERANDS), num_bits).transpose(0, 2, 1).astype(np.float32)


def to_bits(numbers: Sequence[int], num_bits: int) -> NDArray[np.uint8]:
    """Return the bits of non-negative numbers, least significant first: (num_numbers, num_bits), 0 or 1."""
    num_bytes = -(-num_bits // 8)
    packed = b"".join(number.to_bytes(num_bytes, "little") for number in numbers)
    as_bytes = np.frombuffer(packed, dtype=np.uint8).reshape(len(numbers), num_bytes)
    return np.unpackbits(as_bytes, axis=1, count=num_bits, bitorder="little")


def from_bits(bits: NDArray[np.bool_] | NDArray[np.uint8]) -> list[int]:
    """Return the numbers with these bits, (num_numbers, num_bits), least significant first."""
    return [int.from_bytes(row.tobytes(), "little") for row in np.packbits(bits, axis=1, bitorder="little")]


def _check_row(index: int, row: dict[str, Any], num_bits: int, place: RowsPointer) -> Iterator[Problem]:
    greatest = 2 ** (num_bits - 1) - 1
    for name in row:
        if name not in OPERANDS:
            detail = f"Row {index} has an unknown name '{show(name)}'.{nearest(name, OPERANDS)}"
            yield Problem(place.pointer(index, name), detail, "unknown_operand")
    for name in OPERANDS:
        pointer = place.pointer(index, name)
        if name not in row:
            yield Problem(pointer, f"Row {index} lacks '{name}'. Send two numbers to add, a and b.", "missing_operand")
        elif not _is_whole(row[name]):
            detail = f"Row {index} has {describe(row[name])} for {name}, not a whole number."
            yield Problem(pointer, detail, "not_a_whole_number")
        elif not 0 <= row[name] <= greatest:
            detail = (
                f"Row {index} has {describe(row[name])} for {name}; the adder of {num_bits} bits takes whole numbers "
                f"from 0 to {greatest}, so that every sum fits."
            )
            yield Problem(pointer, detail, "out_of_range")


def _is_whole(value: object) -> bool:
    # true and false are numbers in Python; some programs write 45 as 45.0.
    return type(value) is int or (isinstance(value, float) and value.is_integer())
