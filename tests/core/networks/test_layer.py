"""Dropout and batch normalisation, with sizes computed by hand."""

import pytest

IMAGE = (28, 28)


def conv(filters=8, kernel_size=3, **arguments):
    return {"type": "conv2d", "filters": filters, "kernel_size": kernel_size, **arguments}


def dense(units=10, **arguments):
    return {"type": "dense", "units": units, **arguments}


def test_dropout_as_a_layer_or_an_option_keeps_the_shape(table):
    rows = table("mlp", (4,), {"type": "dropout", "rate": 0.2}, dense(3, dropout=0.5), dense(1, dropout=0))
    assert [(name, shape, weights) for name, shape, weights, _ in rows] == [
        ("dropout_1", (4,), 0),
        ("dense_1", (3,), 15),
        ("dropout_2", (3,), 0),
        ("dense_2", (1,), 4),
    ]


@pytest.mark.parametrize(
    ("normalization", "rows"),
    [
        # Scale, offset, moving mean and moving variance for each of 3 units.
        ("before_activation", [("batch_normalization_1", (3,), 12, 12), ("activation_1", (3,), 0, 3)]),
        ("after_activation", [("batch_normalization_1", (3,), 12, 12)]),
        ({"position": "after_activation", "center": False}, [("batch_normalization_1", (3,), 9, 12)]),
        ({"position": "after_activation", "center": False, "scale": False}, [("batch_normalization_1", (3,), 6, 12)]),
    ],
)
def test_batch_normalization_has_four_numbers_a_channel(table, normalization, rows):
    assert table("mlp", (4,), dense(3, batch_normalization=normalization))[1:] == rows


def test_batch_normalization_of_an_image_counts_channels(table):
    rows = table("cnn", IMAGE, conv(8, 3, padding="same", batch_normalization="after_activation"))
    assert rows[-1] == ("batch_normalization_1", (28, 28, 8), 32, 4 * 28 * 28 * 8)


def test_normalization_activation_pooling_and_dropout_follow_in_this_order(table):
    carrying = conv(8, 3, batch_normalization="before_activation", pooling={"pool_size": 2}, dropout=0.25)
    assert [(name, shape) for name, shape, *_ in table("cnn", IMAGE, carrying)] == [
        ("reshape_1", (28, 28, 1)),
        ("conv2d_1", (26, 26, 8)),
        ("batch_normalization_1", (26, 26, 8)),
        ("activation_1", (26, 26, 8)),
        ("max_pooling2d_1", (13, 13, 8)),
        ("dropout_1", (13, 13, 8)),
    ]
