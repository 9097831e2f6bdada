"""Layers that branch, zeros around images, and the named families, in the table of layers."""

import pytest

from core.errors import InvalidSpec
from core.experiment import parse_spec
from core.networks.table import tabulate_layers

IMAGE = (28, 28)
COLOUR = (32, 32, 3)


def conv(filters=8, kernel_size=3, **arguments):
    return {"type": "conv2d", "filters": filters, "kernel_size": kernel_size, **arguments}


def dense(units=10, **arguments):
    return {"type": "dense", "units": units, **arguments}


def parallel(*branches):
    return {"type": "parallel", "branches": list(branches)}


def residual(*layers, **arguments):
    return {"type": "residual", "layers": list(layers), **arguments}


def test_zeros_around_the_image_have_a_row(table):
    # The course's exercise: 6×6, a 2×2 filter, stride 1, padding 1.
    rows = table("cnn", (6, 6), conv(1, 2, padding=1))
    assert [(name, shape) for name, shape, *_ in rows] == [
        ("reshape_1", (6, 6, 1)),
        ("zero_padding2d_1", (8, 8, 1)),
        ("conv2d_1", (7, 7, 1)),
    ]
    # (28 + 2·2 − 5) / 2 + 1 and (28 + 2·3 − 5) / 2 + 1, rounded down.
    rows = table("cnn", IMAGE, conv(4, 5, padding=[2, 3], strides=2))
    assert [shape for _, shape, *_ in rows[1:]] == [(32, 34, 1), (14, 15, 4)]


@pytest.mark.parametrize("padding", [0, [0, 0]])
def test_no_zeros_have_no_row(table, padding):
    assert table("cnn", IMAGE, conv(4, 5, padding=padding)) == table("cnn", IMAGE, conv(4, 5))


def test_zeros_make_room_for_a_larger_kernel(table, misfit):
    assert table("cnn", IMAGE, conv(1, 30, padding=1))[-1][1] == (1, 1, 1)
    _, detail = misfit("cnn", IMAGE, conv(1, 31, padding=1))
    assert "a 31×31 kernel does not fit into the 30×30 image" in detail


def test_branches_stand_side_by_side(table):
    pool = {"type": "pooling2d", "pool_size": 3, "strides": 1, "padding": "same"}
    block = parallel([conv(2, 1)], [conv(3, 1), conv(4, 3, padding="same")], [pool], [])
    rows = table("cnn", COLOUR, block, dense(2))
    assert [(name, shape, weights) for name, shape, weights, _ in rows] == [
        ("conv2d_1", (32, 32, 2), 3 * 2 + 2),
        ("conv2d_2", (32, 32, 3), 3 * 3 + 3),
        ("conv2d_3", (32, 32, 4), 9 * 3 * 4 + 4),
        ("max_pooling2d_1", (32, 32, 3), 0),
        # 2 + 4 + 3 + 3 channels.
        ("concatenate_1", (32, 32, 12), 0),
        ("flatten_1", (12_288,), 0),
        ("dense_1", (2,), 24_578),
    ]
    assert rows[4][3] == 0


def test_what_was_added_up_is_activated(table):
    projecting = residual(conv(8, 3, padding="same", strides=2), shortcut=[conv(8, 1, strides=2)])
    rows = table("cnn", COLOUR, projecting, residual(conv(8, 1), activation="linear"))
    assert [(name, shape, flops) for name, shape, _, flops in rows if "conv" not in name] == [
        ("add_1", (16, 16, 8), 2048),
        ("activation_1", (16, 16, 8), 2048),
        ("add_2", (16, 16, 8), 2048),
    ]


def test_layers_are_counted_through_blocks_in_blocks(table):
    names = [name for name, *_ in table("cnn", COLOUR, residual(parallel([conv(1, 1)], [conv(2, 1)])), conv(1, 1))]
    assert names == ["conv2d_1", "conv2d_2", "concatenate_1", "add_1", "activation_1", "conv2d_3"]


def test_branches_of_other_sizes_are_a_misfit(misfit):
    pointer, detail = misfit("cnn", COLOUR, conv(), parallel([conv(2, 1)], [conv(2, 1)], [conv(2, 3)]))
    assert pointer == "/model/layers/1/branches/2"
    assert detail.startswith("Layer 1: branch 2 answers in shape (28, 28, 2), branch 0 in (30, 30, 2); only their")
    pointer, detail = misfit("cnn", COLOUR, parallel([], [dense(3)]))
    assert pointer == "/model/layers/0/branches/1"
    assert "(3,), branch 0 in (32, 32, 3)" in detail


@pytest.mark.parametrize(
    ("arguments", "around"), [({}, (32, 32, 3)), ({"shortcut": [conv(4, 1, strides=2)]}, (16, 16, 4))]
)
def test_a_shortcut_of_another_shape_is_a_misfit(misfit, arguments, around):
    pointer, detail = misfit("cnn", COLOUR, residual(conv(4, 3, padding="same"), **arguments))
    assert pointer == "/model/layers/0/shortcut"
    assert detail.startswith(f"Layer 0: its layers answer in shape (32, 32, 4), its shortcut in {around}; only equal")


@pytest.mark.parametrize(
    ("block", "pointer", "words"),
    [
        (
            parallel([], [conv(3, 1), conv(8, 40)]),
            "branches/1/1/kernel_size",
            "Layer 1 in branch 1 of layer 1 (conv2d): a",
        ),
        (residual(conv(8, 3, groups=5)), "layers/0/groups", "Layer 0 in the layers of layer 1: groups (5) must"),
        (
            residual(conv(), shortcut=[dense(3), {"type": "pooling2d"}]),
            "shortcut/1",
            "Layer 1 in the shortcut of layer 1 pools over an image",
        ),
        (
            residual(parallel([], [conv(1, 1, pooling={"pool_size": 33})])),
            "layers/0/branches/1/0/pooling/pool_size",
            "The pooling of layer 0 in branch 1 of layer 0 in the layers of layer 1: a 33×33 pool does not fit",
        ),
    ],
)
def test_a_misfit_within_a_block_says_where(misfit, block, pointer, words):
    place, detail = misfit("cnn", COLOUR, conv(3, 1), block)
    assert place == f"/model/layers/1/{pointer}"
    assert detail.startswith(words)


def test_branches_cannot_multiply_channels_without_end(table, misfit):
    doubling = parallel([], [])
    assert table("cnn", IMAGE, *[doubling] * 30)[-1][1] == (28, 28, 2**30)
    pointer, detail = misfit("cnn", IMAGE, *[doubling] * 999)
    assert pointer == "/model/layers/30/branches"
    assert "2,147,483,648 channels; 2,147,483,647 are the most" in detail


@pytest.mark.parametrize("family", ["alexnet", "vgg", "googlenet", "resnet"])
def test_a_named_family_reads_images_of_any_size(iris, family):
    model = parse_spec(iris({}) | {"model": {"kind": "cnn_family", "family": family, "num_classes": 7}}).model
    for shape in (IMAGE, COLOUR, (8, 8), (1, 1), (33, 57, 4)):
        assert tabulate_layers(model, shape)[-1].output_shape == (7,)
    with pytest.raises(InvalidSpec) as caught:
        tabulate_layers(model, (784,))
    assert caught.value.problems[0].pointer == "/model/kind"
