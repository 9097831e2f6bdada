import numpy as np
import pytest

from core.datasets.augmentation import Augmentation
from models.preparation.augmentation import make_augmentation
from models.runtime import tf

# Three rows of four pixels, all different.
IMAGE = np.arange(1, 13, dtype=np.uint8).reshape(3, 4)
MANY = 200


def changed(images=None, step=0, seed=1, **choices):
    augment = make_augmentation(Augmentation(**choices), seed)
    images = np.repeat(IMAGE[None], MANY, axis=0) if images is None else images
    return augment(tf.constant(images), tf.constant(step)).numpy()


def kinds(images):
    return {image.tobytes() for image in images}


def test_no_augmentation_is_none():
    assert make_augmentation(Augmentation(), 1) is None


@pytest.mark.parametrize(
    ("choices", "others"),
    [
        ({"horizontal_flip": True}, [IMAGE[:, ::-1]]),
        ({"vertical_flip": True}, [IMAGE[::-1]]),
        ({"horizontal_flip": True, "vertical_flip": True}, [IMAGE[:, ::-1], IMAGE[::-1], IMAGE[::-1, ::-1]]),
    ],
)
def test_half_of_the_images_are_flipped(choices, others):
    images = changed(**choices)
    assert kinds(images) == kinds([IMAGE, *others])
    assert 0.35 < np.mean((images != IMAGE).any(axis=(1, 2))) < (0.65 if len(others) == 1 else 0.9)


def test_shifts_repeat_the_border():
    # A quarter of four columns is one, of three rows 0.75, which is rounded to one or none.
    rows = [[0, 0, 1], [0, 1, 2], [1, 2, 2]]
    columns = [[0, 0, 1, 2], [0, 1, 2, 3], [1, 2, 3, 3]]
    assert kinds(changed(shift=0.25)) == kinds([IMAGE[np.ix_(r, c)] for r in rows for c in columns])


def test_crops_are_from_images_padded_with_zeros():
    framed = np.pad(IMAGE, 1)
    assert kinds(changed(crop=1)) == kinds([framed[y : y + 3, x : x + 4] for y in range(3) for x in range(3)])


def test_bytes_stay_bytes_without_interpolation():
    assert changed(horizontal_flip=True, shift=0.2, crop=1).dtype == np.uint8


def test_a_rotation_turns_about_the_centre():
    # A rotation by at most 90 degrees; the middle of three by three pixels stays in place.
    square = np.float32([[0, 0, 0], [0, 7, 9], [0, 0, 0]])
    images = changed(np.repeat(square[None], MANY, axis=0), rotation=90)
    assert images.dtype == np.float32
    np.testing.assert_allclose(images[:, 1, 1], 7, atol=1e-4)
    # The 9 moves up and down equally often; it keeps more than half of its value for less than 45 degrees.
    assert 0.3 < np.mean(images[:, 1, 2] > 4.5) < 0.7
    assert images[:, 0, 1].max() > 8
    assert images[:, 2, 1].max() > 8


def test_a_quarter_turn_is_exact(monkeypatch):
    monkeypatch.setattr("models.preparation.augmentation._draw", lambda num, *_: tf.ones((7, num)))
    square = np.arange(9, dtype=np.float32).reshape(1, 3, 3)
    np.testing.assert_allclose(changed(square, rotation=90), np.rot90(square, 1, axes=(1, 2)), atol=1e-5)


def test_channels_move_together():
    colours = np.stack([IMAGE, IMAGE + 100, IMAGE + 200], axis=-1)[None].repeat(20, axis=0)
    images = changed(colours, horizontal_flip=True, shift=0.25).astype(int)
    assert images.shape == colours.shape
    assert np.array_equal(images[..., 1] - images[..., 0], np.full((20, 3, 4), 100))


EVERYTHING = {"horizontal_flip": True, "vertical_flip": True, "shift": 0.3, "rotation": 30, "crop": 1}


def test_draws_depend_on_the_step_and_the_seed_alone():
    first = changed(**EVERYTHING)
    assert np.array_equal(first, changed(**EVERYTHING))
    assert not np.array_equal(first, changed(**EVERYTHING, step=1))
    assert not np.array_equal(first, changed(**EVERYTHING, seed=2))


def test_xla_and_a_graph_augment_alike():
    augment = make_augmentation(Augmentation(**EVERYTHING), 3)
    images = tf.constant(np.repeat(IMAGE[None], 16, axis=0))
    graph, xla = (
        tf.function(augment, autograph=False, jit_compile=jit)(images, tf.constant(5)) for jit in (False, True)
    )
    np.testing.assert_allclose(graph, xla, atol=1e-3)
