"""Blocks of layers: parsing, sizes and reported mistakes."""

import pytest

from core.experiment import parse_spec
from core.networks.network import CnnNetwork

CONV = {"type": "conv2d", "filters": 4, "kernel_size": 3}
IMAGE = (28, 28)
COLOUR = (32, 32, 3)


@pytest.fixture
def cnn(iris):
    return lambda *layers: iris({}) | {"model": {"kind": "cnn", "layers": list(layers)}}


def parallel(*branches, **others):
    return {"type": "parallel", "branches": list(branches), **others}


def residual(*layers, **others):
    return {"type": "residual", "layers": list(layers), **others}


def nested(depth):
    layer = CONV
    for number in range(depth):
        layer = parallel([layer], []) if number % 2 else residual(layer)
    return layer


def test_a_block_is_filled_with_defaults(cnn):
    (block,) = parse_spec(cnn(residual(CONV))).model.layers
    assert (block.shortcut, block.activation) == ((), "relu")
    assert block.layers[0].kernel_initializer.name == "glorot_uniform"


def test_every_mistake_within_blocks_is_reported_at_its_place(cnn, problems):
    inner = residual({**CONV, "filters": 0}, shortcut=[{"type": "dense"}], activation="rellu")
    found = problems(cnn(CONV, parallel([], [CONV, {"type": "conv"}], [inner], [parallel([]), 5], colour="red")))
    block = "/model/layers/1"
    assert set(found) == {
        f"{block}/branches/1/1/type",
        f"{block}/branches/2/0/layers/0/filters",
        f"{block}/branches/2/0/shortcut/0/units",
        f"{block}/branches/2/0/activation",
        f"{block}/branches/3/0/branches",
        f"{block}/branches/3/1",
        f"{block}/colour",
    }
    assert "Did you mean 'conv2d'?" in found[f"{block}/branches/1/1/type"].detail


def test_a_recurrent_layer_has_no_place_in_a_block(cnn, problems):
    recurrent = {"type": "recurrent", "cell": "gru", "units": 3}
    assert list(problems(cnn(parallel([recurrent], [])))) == ["/model/layers/0/branches/0/0/type"]


@pytest.mark.parametrize("kind", ["mlp", "rnn"])
def test_blocks_are_for_convolutional_networks(iris, problems, kind):
    value = iris({}) | {"model": {"kind": kind, "layers": [residual({"type": "dense", "units": 3})]}}
    assert list(problems(value)) == ["/model/layers/0/type"]


def test_blocks_may_be_nested_four_levels_deep(cnn, problems):
    assert parse_spec(cnn(nested(4)))
    (problem,) = problems(cnn(CONV, nested(5))).values()
    assert problem.pointer == "/model/layers"
    assert problem.detail == "Blocks may be nested at most 4 deep; remove the innermost."


def test_layers_within_blocks_count_towards_the_limit(cnn, problems):
    assert parse_spec(cnn(parallel([CONV] * 500, [residual(*[CONV] * 400, shortcut=[CONV] * 97)]), CONV))
    (problem,) = problems(
        cnn(parallel([CONV] * 500, [residual(*[CONV] * 400, shortcut=[CONV] * 97)]), CONV, CONV)
    ).values()
    assert problem.pointer == "/model/layers"
    assert problem.detail.startswith("A network may have at most 1000 layers, including those in blocks;")


def test_layers_are_counted_in_networks_made_of_specs_too(cnn):
    (block,) = parse_spec(cnn(parallel([CONV] * 400, [residual(*[CONV] * 300)]))).model.layers
    assert CnnNetwork(kind="cnn", layers=(block,)).layers == (block,)
    with pytest.raises(ValueError, match="at most 1000 layers"):
        CnnNetwork(kind="cnn", layers=(block, block))


@pytest.mark.parametrize("branches", [[[]] * 33, [[]] * 1_000_000, [5] * 100_000])
def test_more_than_32_branches_are_rejected_as_a_whole(cnn, problems, branches):
    assert list(problems(cnn(parallel(*branches)))) == ["/model/layers/0/branches"]


@pytest.mark.parametrize("layers", [5, None, "conv2d", {}, [None], [[CONV]]])
def test_anything_but_lists_of_layers_is_rejected(cnn, problems, layers):
    assert all(place.startswith("/model/layers/0/") for place in problems(cnn(residual(CONV) | {"layers": layers})))
    assert all(place.startswith("/model/layers/0/") for place in problems(cnn(parallel([], layers))))
    assert list(problems(cnn({"type": "parallel", "branches": layers}))) != []


def conv(filters=8, kernel_size=3, **arguments):
    return {"type": "conv2d", "filters": filters, "kernel_size": kernel_size, **arguments}


def dense(units=10, **arguments):
    return {"type": "dense", "units": units, **arguments}


def test_branches_are_concatenated(table):
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


def test_the_sum_of_a_residual_block_is_activated(table):
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


def test_branches_of_other_sizes_are_rejected(misfit):
    pointer, detail = misfit("cnn", COLOUR, conv(), parallel([conv(2, 1)], [conv(2, 1)], [conv(2, 3)]))
    assert pointer == "/model/layers/1/branches/2"
    assert detail.startswith("Layer 1: the output of branch 2 has shape (28, 28, 2), that of branch 0 (30, 30, 2). ")
    pointer, detail = misfit("cnn", COLOUR, parallel([], [dense(3)]))
    assert pointer == "/model/layers/0/branches/1"
    assert "(3,), that of branch 0 (32, 32, 3)" in detail


@pytest.mark.parametrize(
    ("arguments", "around"), [({}, (32, 32, 3)), ({"shortcut": [conv(4, 1, strides=2)]}, (16, 16, 4))]
)
def test_a_shortcut_of_another_shape_is_rejected(misfit, arguments, around):
    pointer, detail = misfit("cnn", COLOUR, residual(conv(4, 3, padding="same"), **arguments))
    assert pointer == "/model/layers/0/shortcut"
    assert detail.startswith(f"Layer 0: the output of its layers has shape (32, 32, 4), that of its shortcut {around}.")


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
def test_a_mistake_within_a_block_is_reported_with_its_place(misfit, block, pointer, words):
    place, detail = misfit("cnn", COLOUR, conv(3, 1), block)
    assert place == f"/model/layers/1/{pointer}"
    assert detail.startswith(words)


def test_branches_cannot_multiply_channels_without_end(table, misfit):
    doubling = parallel([], [])
    assert table("cnn", IMAGE, *[doubling] * 30)[-1][1] == (28, 28, 2**30)
    pointer, detail = misfit("cnn", IMAGE, *[doubling] * 999)
    assert pointer == "/model/layers/30/branches"
    assert "2,147,483,648 channels together; at most 2,147,483,647 fit" in detail
