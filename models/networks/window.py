"""Windows that slide over images, in ONNX's operators."""

from math import ceil


def pads(
    padding: str,
    shape: tuple[int, ...],
    window: tuple[int, int],
    strides: tuple[int, int],
    dilations: tuple[int, int] = (1, 1),
) -> list[int]:
    """Return the padding as TensorFlow chooses it: where it is uneven, the greater part at the bottom and right.

    Args:
        padding: Keras's, `valid` or `same`.
        shape: Of the image (height, width, channels).
        window: Height and width.
        strides: Down and to the right.
        dilations: Down and to the right.

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
