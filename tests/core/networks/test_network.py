"""Networks and their inputs."""

import pytest

from core.errors import InvalidSpec
from core.experiment import parse_spec
from core.networks.network import tabulate_layers

IMAGE = (28, 28)


COLOUR = (32, 32, 3)


def conv(filters=8, kernel_size=3, **arguments):
    return {"type": "conv2d", "filters": filters, "kernel_size": kernel_size, **arguments}


def dense(units=10, **arguments):
    return {"type": "dense", "units": units, **arguments}


def recurrent(cell="simple_rnn", units=16, **arguments):
    return {"type": "recurrent", "cell": cell, "units": units, **arguments}


def test_a_perceptron_flattens_images(table):
    assert table("mlp", IMAGE, dense(10)) == [("flatten_1", (784,), 0, 0), ("dense_1", (10,), 7850, 15_680)]


def test_a_grey_image_gets_a_channel_axis_and_a_colour_image_has_one(table):
    # 5·5·1·32 + 32 weights, used at 28·28 positions.
    assert table("cnn", IMAGE, conv(32, 5, padding="same")) == [
        ("reshape_1", (28, 28, 1), 0, 0),
        ("conv2d_1", (28, 28, 32), 832, 2 * 800 * 784),
    ]
    # 3·3·3·8 + 8.
    assert table("cnn", COLOUR, conv(8, 3)) == [("conv2d_1", (30, 30, 8), 224, 2 * 216 * 900)]


def test_rows_of_an_image_are_read_as_a_sequence(table):
    assert table("rnn", IMAGE, recurrent("lstm", 32))[-1][2] == 4 * 32 * (28 + 32 + 1)


def test_the_binary_adder_of_the_catalogue(iris):
    rows = tabulate_layers(parse_spec(iris({}) | {"model": {"kind": "binary_adder"}}).model, (8, 2))
    assert [(row.type, row.output_shape, row.num_parameters) for row in rows] == [
        ("SimpleRNN", (8, 16), 304),
        ("Dense", (8, 1), 17),
    ]


def test_a_kind_of_network_that_cannot_read_the_dataset_is_rejected(misfit):
    pointer, detail = misfit("rnn", (4,), recurrent())
    assert pointer == "/model/kind"
    assert "this dataset's samples have shape (4,)" in detail
    pointer, detail = misfit("cnn", (4,), conv())
    assert pointer == "/model/kind"
    assert "this dataset's samples have shape (4,)" in detail


@pytest.mark.parametrize("family", ["alexnet", "vgg", "googlenet", "resnet"])
def test_a_named_family_reads_images_of_any_size(iris, family):
    model = parse_spec(iris({}) | {"model": {"kind": "cnn_family", "family": family, "num_classes": 7}}).model
    for shape in (IMAGE, COLOUR, (8, 8), (1, 1), (33, 57, 4)):
        assert tabulate_layers(model, shape)[-1].output_shape == (7,)
    with pytest.raises(InvalidSpec) as caught:
        tabulate_layers(model, (784,))
    assert caught.value.problems[0].pointer == "/model/kind"
