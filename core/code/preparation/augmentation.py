"""Random augmentation of training images in source: the images that models/preparation/augmentation.py makes."""

from core.code.draft import Draft
from core.code.seeds import define_seed_of
from core.code.source import literal
from core.datasets.augmentation import Augmentation

_DRAW = '''
def draw(num_images, step):
    """Draw seven numbers from 0 to below 1 for each image of a step."""
    bits = tf.random.stateless_uniform(
        (7, num_images),
        (seed_of("augmentation"), step),
        minval=None,
        maxval=None,
        dtype=tf.uint32,
        alg="philox",
    )
    high_bits = tf.bitwise.right_shift(bits, tf.constant(8, tf.uint32))
    return tf.cast(tf.bitcast(high_bits, tf.int32), tf.float32) / (1 << 24)
'''

_ROTATE = '''
def rotate(images, angles):
    """Rotate images about their centres, with linear interpolation; borders are repeated."""
    height, width, channels = images.shape[1:]
    down = tf.range(height, dtype=tf.float32)[:, None] - (height - 1) / 2
    across = tf.range(width, dtype=tf.float32)[None] - (width - 1) / 2
    cosine, sine = tf.cos(angles)[:, None, None], tf.sin(angles)[:, None, None]
    y = sine * across + cosine * down + (height - 1) / 2
    x = cosine * across - sine * down + (width - 1) / 2
    y, x = tf.clip_by_value(y, 0, height - 1), tf.clip_by_value(x, 0, width - 1)
    top, left = tf.floor(y), tf.floor(x)
    pixels = tf.reshape(images, (-1, height * width, channels))

    def corner(row, column):
        row, column = tf.minimum(row, height - 1), tf.minimum(column, width - 1)
        places = tf.cast(row * width + column, tf.int32)
        places = tf.reshape(places, (-1, height * width))
        return tf.reshape(tf.gather(pixels, places, batch_dims=1), images.shape)

    def between(first, second, share):
        return first + (second - first) * share[..., None]

    upper = between(corner(top, left), corner(top, left + 1), x - left)
    lower = between(corner(top + 1, left), corner(top + 1, left + 1), x - left)
    return between(upper, lower, y - top)
'''

_CROP = '''
def crop(images, border, draws):
    """Pad images with zeros, and crop them to their size at a random place."""
    for axis, drawn in enumerate(draws, start=1):
        size = images.shape[axis]
        first = tf.cast(tf.floor(drawn * (2 * border + 1)), tf.int32) - border
        places = tf.range(size)[None] + first[:, None]
        is_inside = tf.cast((places >= 0) & (places < size), images.dtype)
        places = tf.clip_by_value(places, 0, size - 1)
        images = tf.gather(images, places, axis=axis, batch_dims=1)
        shape = (-1, size, 1, 1) if axis == 1 else (-1, 1, size, 1)
        images *= tf.reshape(is_inside, shape)
    return images
'''


def write_augmentation(draft: Draft, spec: Augmentation, factor: float, *, has_channels: bool) -> None:
    """Define `augment`, from stored images and the number of the step to what the network reads."""
    define_seed_of(draft)
    draft.need("import tensorflow as tf")
    draft.training.define(_DRAW)
    body = [f"images = tf.constant(images, tf.float32){'' if has_channels else '[..., None]'}"]
    body.append("draws = draw(len(images), step)")
    body += _write_moves(spec)
    if spec.rotation:
        draft.need("import math")
        draft.training.define(_ROTATE)
        body.append(f"images = rotate(images, (2 * draws[4] - 1) * math.radians({literal(spec.rotation)}))")
    if spec.crop:
        draft.training.define(_CROP)
        body.append(f"images = crop(images, {spec.crop}, draws[5:7])")
    shown = "images" if has_channels else "images[..., 0]"
    scaled = shown if factor == 1.0 else f"{shown} / {round(1 / factor)}"
    body.append(f"return ({scaled}).numpy()" if scaled != shown else f"return {shown}.numpy()")
    head = ["def augment(images, step):", '    """Change training images at random, and scale their pixels."""']
    draft.training.define("\n".join([*head, *(f"    {line}" for line in body)]))


def _write_moves(spec: Augmentation) -> list[str]:
    """Return the statements that flip and shift images along an axis; the border is repeated to fill the gap."""
    lines: list[str] = []
    for axis, flips, first in ((1, spec.vertical_flip, 0), (2, spec.horizontal_flip, 2)):
        if not flips and not spec.shift:
            continue
        size = "height" if axis == 1 else "width"
        lines += [f"{size} = images.shape[{axis}]", f"places = tf.range({size})[None]"]
        if spec.shift:
            lines += [
                f"shift = tf.round((2 * draws[{first + 1}] - 1) * ({literal(spec.shift)} * {size}))",
                "places -= tf.cast(shift, tf.int32)[:, None]",
                f"places = tf.clip_by_value(places, 0, {size} - 1)",
            ]
        if flips:
            lines.append(f"is_flipped = (draws[{first}] < 0.5)[:, None]")
            lines.append(f"places = tf.where(is_flipped, {size} - 1 - places, places)")
        lines.append(f"images = tf.gather(images, places, axis={axis}, batch_dims=1)")
    return lines
