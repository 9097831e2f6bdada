"""Blocks of layers and zeros around images: what is read, and how mistakes in them are told."""

import pytest

from core.experiment import parse_spec
from core.networks.network import CnnNetwork

CONV = {"type": "conv2d", "filters": 4, "kernel_size": 3}


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


@pytest.mark.parametrize(
    ("padding", "expected"), [("same", "same"), (1, (1, 1)), ([2, 0], (2, 0)), (0, (0, 0)), (64, (64, 64))]
)
def test_padding_is_a_name_or_numbers_of_zeros(cnn, padding, expected):
    assert parse_spec(cnn({**CONV, "padding": padding})).model.layers[0].padding == expected


@pytest.mark.parametrize(
    ("padding", "pointer", "detail"),
    [
        ("sane", "", "'sane' is not known here. Did you mean 'same'?"),
        (65, "", "65 came; expected at most 64."),
        (-1, "", "-1 came; expected at least 0."),
        ([1, 65], "/1", "65 came; expected at most 64."),
        ([1], "", "Number 2 of the list is missing."),
        (True, "", "true came; expected 'valid', 'same', a whole number or a list of two."),
        (None, "", "null came; expected 'valid', 'same', a whole number or a list of two."),
    ],
)
def test_other_padding_is_told_at_its_place(cnn, problems, padding, pointer, detail):
    found = problems(cnn({**CONV, "padding": padding}))
    assert [(place.removeprefix("/model/layers/0/padding"), one.detail) for place, one in found.items()] == [
        (pointer, detail)
    ]


def test_a_block_is_filled_with_defaults(cnn):
    (block,) = parse_spec(cnn(residual(CONV))).model.layers
    assert (block.shortcut, block.activation) == ((), "relu")
    assert block.layers[0].kernel_initializer.name == "glorot_uniform"


def test_every_mistake_within_blocks_is_told_at_its_place(cnn, problems):
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


def test_blocks_may_stand_within_one_another_four_deep(cnn, problems):
    assert parse_spec(cnn(nested(4)))
    (problem,) = problems(cnn(CONV, nested(5))).values()
    assert problem.pointer == "/model/layers"
    assert problem.detail == "Blocks may stand within one another up to 4 deep; take the innermost out."


def test_layers_within_blocks_count_among_the_thousand(cnn, problems):
    assert parse_spec(cnn(parallel([CONV] * 500, [residual(*[CONV] * 400, shortcut=[CONV] * 97)]), CONV))
    (problem,) = problems(
        cnn(parallel([CONV] * 500, [residual(*[CONV] * 400, shortcut=[CONV] * 97)]), CONV, CONV)
    ).values()
    assert problem.pointer == "/model/layers"
    assert problem.detail.startswith("A network may have at most 1000 layers, those within blocks included;")


def test_layers_are_counted_in_networks_made_of_specs_too(cnn):
    (block,) = parse_spec(cnn(parallel([CONV] * 400, [residual(*[CONV] * 300)]))).model.layers
    assert CnnNetwork(kind="cnn", layers=(block,)).layers == (block,)
    with pytest.raises(ValueError, match="at most 1000 layers"):
        CnnNetwork(kind="cnn", layers=(block, block))


@pytest.mark.parametrize("branches", [[[]] * 33, [[]] * 1_000_000, [5] * 100_000])
def test_more_than_32_branches_are_rejected_as_a_whole(cnn, problems, branches):
    assert list(problems(cnn(parallel(*branches)))) == ["/model/layers/0/branches"]


@pytest.mark.parametrize("layers", [5, None, "conv2d", {}, [None], [[CONV]]])
def test_something_else_in_place_of_layers_is_rejected(cnn, problems, layers):
    assert all(place.startswith("/model/layers/0/") for place in problems(cnn(residual(CONV) | {"layers": layers})))
    assert all(place.startswith("/model/layers/0/") for place in problems(cnn(parallel([], layers))))
    assert list(problems(cnn({"type": "parallel", "branches": layers}))) != []
