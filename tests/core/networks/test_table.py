"""Sizes worked out by hand. A convolution's weights are height × width × channels × filters, and so on."""

import pytest

from core.experiment import parse_spec
from core.networks.table import tabulate_layers

IMAGE = (28, 28)
COLOUR = (32, 32, 3)
SEQUENCE = (20, 2)


def conv(filters=8, kernel_size=3, **arguments):
    return {"type": "conv2d", "filters": filters, "kernel_size": kernel_size, **arguments}


def dense(units=10, **arguments):
    return {"type": "dense", "units": units, **arguments}


def recurrent(cell="simple_rnn", units=16, **arguments):
    return {"type": "recurrent", "cell": cell, "units": units, **arguments}


def test_a_dense_layer_has_a_weight_for_each_pair_and_a_bias_for_each_unit(table):
    # 4·3 + 3 weights; 4·3 multiply-adds.
    assert table("mlp", (4,), dense(3)) == [("dense_1", (3,), 15, 24)]


def test_a_layer_without_biases_has_fewer_weights(table):
    assert table("mlp", (4,), dense(3, use_bias=False)) == [("dense_1", (3,), 12, 24)]


def test_a_perceptron_flattens_images(table):
    assert table("mlp", IMAGE, dense(10)) == [("flatten_1", (784,), 0, 0), ("dense_1", (10,), 7850, 15_680)]


def test_layers_of_a_type_are_counted(table):
    names = [name for name, *_ in table("mlp", (4,), dense(3, dropout=0.5), dense(3, dropout=0.5), dense(3))]
    assert names == ["dense_1", "dropout_1", "dense_2", "dropout_2", "dense_3"]


def test_dropout_of_its_own_or_carried_changes_no_shape(table):
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


def test_a_layer_carries_normalization_activation_pooling_and_dropout_in_this_order(table):
    carrying = conv(8, 3, batch_normalization="before_activation", pooling={"pool_size": 2}, dropout=0.25)
    assert [(name, shape) for name, shape, *_ in table("cnn", IMAGE, carrying)] == [
        ("reshape_1", (28, 28, 1)),
        ("conv2d_1", (26, 26, 8)),
        ("batch_normalization_1", (26, 26, 8)),
        ("activation_1", (26, 26, 8)),
        ("max_pooling2d_1", (13, 13, 8)),
        ("dropout_1", (13, 13, 8)),
    ]


@pytest.mark.parametrize(
    ("arguments", "sizes"),
    [
        # Valid: the kernel stays inside.
        ({"kernel_size": 3}, (26, 26)),
        ({"kernel_size": 5}, (24, 24)),
        ({"kernel_size": 28}, (1, 1)),
        ({"kernel_size": [3, 5]}, (26, 24)),
        # From place 0, as long as 3 pixels are left.
        ({"strides": 2}, (13, 13)),
        ({"strides": [2, 3]}, (13, 9)),
        # A kernel of 3 with gaps of 1 spans 5, with gaps of 3 spans 9.
        ({"dilation_rate": 2}, (24, 24)),
        ({"dilation_rate": [2, 4]}, (24, 20)),
        # Same: the size divided by the stride, rounded up.
        ({"padding": "same"}, (28, 28)),
        ({"padding": "same", "kernel_size": 100}, (28, 28)),
        ({"padding": "same", "strides": 3}, (10, 10)),
        ({"padding": "same", "strides": [2, 5]}, (14, 6)),
        ({"padding": "same", "dilation_rate": 9}, (28, 28)),
    ],
)
def test_a_convolution_slides_over_the_image(table, arguments, sizes):
    assert table("cnn", IMAGE, conv(8, **{"kernel_size": 3, **arguments}))[-1][1] == (*sizes, 8)


def test_a_grey_image_gets_a_channel_axis_and_a_colour_image_has_one(table):
    # 5·5·1·32 + 32 weights, used at 28·28 places.
    assert table("cnn", IMAGE, conv(32, 5, padding="same")) == [
        ("reshape_1", (28, 28, 1), 0, 0),
        ("conv2d_1", (28, 28, 32), 832, 2 * 800 * 784),
    ]
    # 3·3·3·8 + 8.
    assert table("cnn", COLOUR, conv(8, 3)) == [("conv2d_1", (30, 30, 8), 224, 2 * 216 * 900)]


def test_groups_see_only_their_share_of_the_channels(table):
    # 8 channels in 4 groups of 2: 3·3·2·12 weights and 12 biases.
    rows = table("cnn", IMAGE, conv(8, 3), conv(12, 3, groups=4))
    assert rows[-1] == ("conv2d_2", (24, 24, 12), 228, 2 * 216 * 576)


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


def test_a_dense_layer_after_an_image_flattens_it_once(table):
    rows = table("cnn", IMAGE, {"type": "pooling2d", "pool_size": 14}, dense(3), dense(2))
    assert [(name, shape, weights) for name, shape, weights, _ in rows[2:]] == [
        ("flatten_1", (4,), 0),
        ("dense_1", (3,), 15),
        ("dense_2", (2,), 8),
    ]
    assert table("cnn", IMAGE, {"type": "flatten"}, dense(3))[1][0] == "flatten_1"


@pytest.mark.parametrize(
    ("cell", "arguments", "num_parameters"),
    [
        # 16·(2 + 16 + 1): from 2 inputs, 16 states and a bias; four times that for an LSTM, three for a GRU.
        ("simple_rnn", {}, 304),
        ("simple_rnn", {"use_bias": False}, 288),
        ("lstm", {}, 1216),
        ("lstm", {"use_bias": False}, 1152),
        # A GRU that resets after the product has two biases.
        ("gru", {}, 960),
        ("gru", {"reset_after": False}, 912),
        ("gru", {"use_bias": False}, 864),
        ("gru", {"use_bias": False, "reset_after": False}, 864),
        ("lstm", {"bidirectional": True}, 2432),
        ("gru", {"bidirectional": True, "merge_mode": "sum"}, 1920),
    ],
)
def test_a_recurrent_layer_has_weights_for_inputs_states_and_biases(table, cell, arguments, num_parameters):
    assert table("rnn", SEQUENCE, recurrent(cell, **arguments))[-1][2] == num_parameters


@pytest.mark.parametrize(
    ("arguments", "output_shape"),
    [
        ({}, (16,)),
        ({"return_sequences": True}, (20, 16)),
        ({"bidirectional": True}, (32,)),
        ({"bidirectional": True, "return_sequences": True}, (20, 32)),
        ({"bidirectional": True, "merge_mode": "sum"}, (16,)),
        ({"bidirectional": True, "merge_mode": "ave", "return_sequences": True}, (20, 16)),
        ({"go_backwards": True, "unroll": True, "dropout": 0.5, "recurrent_dropout": 0.3}, (16,)),
    ],
)
def test_a_recurrent_layer_answers_once_or_at_every_step(table, arguments, output_shape):
    assert table("rnn", SEQUENCE, recurrent(**arguments))[-1][1] == output_shape


def test_a_recurrent_layer_computes_at_every_step(table):
    # 20 steps of 16·(2 + 16) multiply-adds.
    assert table("rnn", SEQUENCE, recurrent())[-1] == ("simple_rnn_1", (16,), 304, 20 * 2 * 288)
    assert table("rnn", SEQUENCE, recurrent("lstm"))[-1] == ("lstm_1", (16,), 1216, 4 * 20 * 2 * 288)
    both = table("rnn", SEQUENCE, recurrent("gru", bidirectional=True))[-1]
    assert both == ("bidirectional_1", (32,), 1920, 2 * 3 * 20 * 2 * 288)


def test_a_dense_layer_in_a_recurrent_network_works_on_every_step(table):
    rows = table("rnn", SEQUENCE, recurrent(return_sequences=True), dense(1))
    assert rows[-1] == ("dense_1", (20, 1), 17, 2 * 16 * 20)


def test_a_dense_layer_may_come_before_the_recurrent_one(table):
    rows = table("rnn", SEQUENCE, dense(5), recurrent("gru", 4))
    assert [(shape, weights) for _, shape, weights, _ in rows] == [((20, 5), 15), ((4,), 3 * 4 * (5 + 4 + 2))]


def test_rows_of_an_image_are_read_as_a_sequence(table):
    assert table("rnn", IMAGE, recurrent("lstm", 32))[-1][2] == 4 * 32 * (28 + 32 + 1)


def test_the_binary_adder_of_the_catalogue(iris):
    rows = tabulate_layers(parse_spec(iris({}) | {"model": {"kind": "binary_adder"}}).model, (8, 2))
    assert [(row.type, row.output_shape, row.num_parameters) for row in rows] == [
        ("SimpleRNN", (8, 16), 304),
        ("Dense", (8, 1), 17),
    ]


def test_a_thousand_unrolled_steps_are_the_most(table, misfit):
    assert table("rnn", (1000, 1), recurrent(unroll=True))
    pointer, detail = misfit("rnn", (1001, 1), recurrent("gru", unroll=True))
    assert pointer == "/model/layers/0/unroll"
    assert detail.startswith("Layer 0 (gru) can unroll 1,000 time steps at most; 1,001 reach it. Leave unroll false")


@pytest.mark.parametrize("kernel_size", [3, [1, 29]])
def test_a_kernel_larger_than_its_image_is_a_misfit(misfit, kernel_size):
    layers = [{"type": "pooling2d", "pool_size": 14}, conv(8, 3)] if kernel_size == 3 else [conv(8, kernel_size)]
    pointer, detail = misfit("cnn", IMAGE, *layers)
    assert pointer == f"/model/layers/{len(layers) - 1}/kernel_size"
    seen = "a 3×3 kernel does not fit into the 2×2 image" if kernel_size == 3 else "a 1×29 kernel does not fit into"
    assert seen in detail
    assert "padding 'same'" in detail


def test_a_dilated_kernel_is_told_with_its_rate(misfit):
    # A kernel of 3 with gaps of 13 spans 29.
    _, detail = misfit("cnn", IMAGE, conv(8, 3, dilation_rate=14))
    assert "a 3×3 kernel with dilation_rate 14×14 does not fit into the 28×28 image" in detail


def test_a_pool_larger_than_its_image_is_a_misfit(misfit):
    for layers, pointer in (
        ([{"type": "pooling2d", "pool_size": 29}], "/model/layers/0/pool_size"),
        ([conv(1, 27), conv(1, 1, pooling={"pool_size": 3})], "/model/layers/1/pooling/pool_size"),
    ):
        place, detail = misfit("cnn", IMAGE, *layers)
        assert place == pointer
        assert "pool does not fit into the" in detail


@pytest.mark.parametrize(
    ("layers", "groups"),
    [([conv(4, 3, groups=2)], "1 channels"), ([conv(6, 3), conv(4, 3, groups=3)], "its 4 filters")],
)
def test_groups_that_do_not_divide_are_a_misfit(misfit, layers, groups):
    pointer, detail = misfit("cnn", IMAGE, *layers)
    assert pointer == f"/model/layers/{len(layers) - 1}/groups"
    assert groups in detail


def test_strides_with_dilation_are_a_misfit_as_in_keras(misfit):
    pointer, detail = misfit("cnn", IMAGE, conv(8, 3, strides=[1, 2], dilation_rate=[2, 1]))
    assert pointer == "/model/layers/0/dilation_rate"
    assert "can not both be above 1" in detail


@pytest.mark.parametrize(
    ("layer", "verb"),
    [(conv(), "convolves"), ({"type": "pooling2d"}, "pools"), ({"type": "global_pooling2d"}, "pools")],
)
@pytest.mark.parametrize("before", [dense(9), {"type": "flatten"}, {"type": "global_pooling2d"}])
def test_an_image_layer_after_a_flat_one_is_a_misfit(misfit, before, layer, verb):
    pointer, detail = misfit("cnn", IMAGE, before, layer)
    assert pointer == "/model/layers/1"
    assert detail.startswith(f"Layer 1 {verb} over an image (height, width, channels), but (")


def test_a_recurrent_layer_after_one_that_answers_once_is_a_misfit(misfit):
    pointer, detail = misfit("rnn", SEQUENCE, recurrent(), recurrent("lstm"))
    assert pointer == "/model/layers/1"
    assert detail.startswith("Layer 1 (lstm) reads a sequence (steps, features), but (16,) reaches it. ")
    assert detail.endswith("Set return_sequences to true on the recurrent layer before it.")


def test_a_kind_of_network_that_cannot_read_the_dataset_is_a_misfit(misfit):
    pointer, detail = misfit("rnn", (4,), recurrent())
    assert pointer == "/model/kind"
    assert "this dataset's samples have shape (4,)" in detail
    pointer, detail = misfit("cnn", (4,), conv())
    assert pointer == "/model/kind"
    assert "this dataset's samples have shape (4,)" in detail


def test_sizes_beyond_64_bits_are_worked_out_exactly(table):
    most = 2**31 - 1
    assert table("mlp", (4,), dense(most), dense(most))[-1] == (
        "dense_2",
        (most,),
        most * most + most,
        2 * most * most,
    )
