"""Padding of sliding windows over images, for ONNX."""

from math import ceil


def pads(
    padding: str,
    shape: tuple[int, ...],
    window: tuple[int, int],
    strides: tuple[int, int],
    dilations: tuple[int, int] = (1, 1),
) -> list[int]:
    """Return the padding as TensorFlow computes it: if it is uneven, there is more at the bottom and right.

    Args:
        padding: `valid` or `same`.
        shape: Shape of the image (height, width, channels).
        window: Height and width.
        strides: Vertical and horizontal.
        dilations: Vertical and horizontal.

    Returns:
        [top, left, bottom, right].
    """
    if padding == "valid":
        return [0, 0, 0, 0]
    before, after = [], []
    for size, length, stride, dilation in zip(shape, window, strides, dilations, strict=False):
        reach = dilation * (length - 1) + 1
        total = max((ceil(size / stride) - 1) * stride + reach - size, 0)
        before.append(total // 2)
        after.append(total - total // 2)
    return before + after
