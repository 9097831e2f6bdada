"""Pooling, with sizes computed by hand."""

import pytest

IMAGE = (28, 28)


def conv(filters=8, kernel_size=3, **arguments):
    return {"type": "conv2d", "filters": filters, "kernel_size": kernel_size, **arguments}


def dense(units=10, **arguments):
    return {"type": "dense", "units": units, **arguments}


@pytest.mark.parametrize(
    ("arguments", "sizes"),
    [
        ({}, (14, 14)),
        ({"pool_size": 3}, (9, 9)),
        ({"pool_size": 3, "padding": "same"}, (10, 10)),
        ({"pool_size": 3, "strides": 1}, (26, 26)),
        ({"pool_size": [2, 4]}, (14, 7)),
        ({"pool_size": 2, "strides": [1, 3]}, (27, 9)),
        ({"pool_size": 28}, (1, 1)),
    ],
)
def test_pooling_shrinks_the_image(table, arguments, sizes):
    assert table("cnn", IMAGE, {"type": "pooling2d", **arguments})[-1][1] == (*sizes, 1)
    assert table("cnn", IMAGE, conv(4, 1, pooling=arguments))[-1][1] == (*sizes, 4)


@pytest.mark.parametrize(
    ("layer", "row"),
    [
        ({"type": "pooling2d", "kind": "max"}, ("max_pooling2d_1", (14, 14, 1), 0, 784)),
        ({"type": "pooling2d", "kind": "average"}, ("average_pooling2d_1", (14, 14, 1), 0, 784)),
        ({"type": "global_pooling2d", "kind": "max"}, ("global_max_pooling2d_1", (1,), 0, 784)),
        ({"type": "global_pooling2d"}, ("global_average_pooling2d_1", (1,), 0, 784)),
        ({"type": "flatten"}, ("flatten_1", (784,), 0, 0)),
    ],
)
def test_layers_without_weights(table, layer, row):
    assert table("cnn", IMAGE, layer)[-1] == row


def test_global_pooling_leaves_a_number_for_each_channel(table):
    rows = table("cnn", IMAGE, conv(8, 3), {"type": "global_pooling2d"}, dense(10))
    assert [shape for _, shape, *_ in rows] == [(28, 28, 1), (26, 26, 8), (8,), (10,)]


def test_a_pool_larger_than_its_image_is_rejected(misfit):
    for layers, pointer in (
        ([{"type": "pooling2d", "pool_size": 29}], "/model/layers/0/pool_size"),
        ([conv(1, 27), conv(1, 1, pooling={"pool_size": 3})], "/model/layers/1/pooling/pool_size"),
    ):
        place, detail = misfit("cnn", IMAGE, *layers)
        assert place == pointer
        assert "pool does not fit into its" in detail
