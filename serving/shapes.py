"""Shapes of one row, in which -1 is any length."""

from collections.abc import Sequence

ANY_LENGTH = -1


def has_free_axis(shape: Sequence[int]) -> bool:
    """Whether an axis may have any length."""
    return ANY_LENGTH in shape


def is_shape_of(shape: Sequence[int], expected: Sequence[int]) -> bool:
    """Whether an array of `shape` fits `expected`, in which -1 is any length from 1."""
    return len(shape) == len(expected) and all(
        length == wanted or (wanted == ANY_LENGTH and length > 0)
        for length, wanted in zip(shape, expected, strict=True)
    )


def describe_length(length: int) -> str:
    """A length in words: `28`, or `any` number."""
    return "any" if length == ANY_LENGTH else str(length)


def describe_shape(shape: Sequence[int]) -> str:
    """A shape in words: `28×28×1`, `any×2`, `one number`."""
    if not shape:
        return "one number"
    return "×".join(describe_length(length) for length in shape)
