import numpy as np

from models.fit.programs.tracing import masks_as_in_a_graph
from models.runtime import keras, tf


def masks(*, jit_compile, rate=0.3):
    """Two masks in a row from the same start."""
    layer = keras.layers.Dropout(rate, seed=5)
    ones = tf.ones((16, 37))
    draw = tf.function(lambda: (layer(ones, training=True), layer(ones, training=True)), jit_compile=jit_compile)
    return [mask.numpy() for mask in draw()]


def test_an_xla_program_drops_what_a_graph_drops():
    graph = masks(jit_compile=False)
    with masks_as_in_a_graph():
        xla = masks(jit_compile=True)

    np.testing.assert_array_equal(xla, graph)
    assert not np.array_equal(*graph)


def test_afterwards_keras_draws_as_before():
    before = masks(jit_compile=True)
    with masks_as_in_a_graph():
        masks(jit_compile=True)

    np.testing.assert_array_equal(masks(jit_compile=True), before)


def test_rates_at_the_ends_keep_all_and_nothing():
    ones = tf.ones((4, 5))
    with masks_as_in_a_graph():
        for rate, expected in ((0.0, 1.0), (1.0, 0.0)):
            seed = keras.random.SeedGenerator(1)
            np.testing.assert_array_equal(keras.src.backend.random.dropout(ones, rate, seed=seed), expected * ones)
