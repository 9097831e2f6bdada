"""Dense and flatten layers, with sizes computed by hand."""

IMAGE = (28, 28)


def dense(units=10, **arguments):
    return {"type": "dense", "units": units, **arguments}


def test_a_dense_layer_has_a_weight_for_each_pair_and_a_bias_for_each_unit(table):
    # 4·3 + 3 weights; 4·3 multiply-adds.
    assert table("mlp", (4,), dense(3)) == [("dense_1", (3,), 15, 24)]


def test_a_layer_without_biases_has_fewer_weights(table):
    assert table("mlp", (4,), dense(3, use_bias=False)) == [("dense_1", (3,), 12, 24)]


def test_a_dense_layer_after_an_image_flattens_it_once(table):
    rows = table("cnn", IMAGE, {"type": "pooling2d", "pool_size": 14}, dense(3), dense(2))
    assert [(name, shape, weights) for name, shape, weights, _ in rows[2:]] == [
        ("flatten_1", (4,), 0),
        ("dense_1", (3,), 15),
        ("dense_2", (2,), 8),
    ]
    assert table("cnn", IMAGE, {"type": "flatten"}, dense(3))[1][0] == "flatten_1"


def test_sizes_beyond_64_bits_are_computed_exactly(table):
    most = 2**31 - 1
    assert table("mlp", (4,), dense(most), dense(most))[-1] == (
        "dense_2",
        (most,),
        most * most + most,
        2 * most * most,
    )
