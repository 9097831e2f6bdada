"""Layer table as a whole."""

import pytest

from core.networks.layer_table import snake_case

IMAGE = (28, 28)


def conv(filters=8, kernel_size=3, **arguments):
    return {"type": "conv2d", "filters": filters, "kernel_size": kernel_size, **arguments}


def dense(units=10, **arguments):
    return {"type": "dense", "units": units, **arguments}


def test_layers_of_a_type_are_counted(table):
    names = [name for name, *_ in table("mlp", (4,), dense(3, dropout=0.5), dense(3, dropout=0.5), dense(3))]
    assert names == ["dense_1", "dropout_1", "dense_2", "dropout_2", "dense_3"]


@pytest.mark.parametrize(
    ("layer", "verb"),
    [(conv(), "convolves"), ({"type": "pooling2d"}, "pools"), ({"type": "global_pooling2d"}, "pools")],
)
@pytest.mark.parametrize("before", [dense(9), {"type": "flatten"}, {"type": "global_pooling2d"}])
def test_an_image_layer_after_a_flat_one_is_rejected(misfit, before, layer, verb):
    pointer, detail = misfit("cnn", IMAGE, before, layer)
    assert pointer == "/model/layers/1"
    assert detail.startswith(f"Layer 1 {verb} over an image (height, width, channels), but its input has shape (")


@pytest.mark.parametrize(
    ("class_name", "name"),
    [
        ("Dense", "dense"),
        ("SimpleRNN", "simple_rnn"),
        ("LSTM", "lstm"),
        ("Conv2D", "conv2d"),
        ("Cropping1D", "cropping1d"),
        ("GlobalAveragePooling2D", "global_average_pooling2d"),
        ("BatchNormalization", "batch_normalization"),
    ],
)
def test_a_layer_has_the_name_that_keras_would_give_it(class_name, name):
    assert snake_case(class_name) == name
