"""Convolutions and zero padding, with sizes computed by hand."""

import pytest

from core.experiment import parse_spec

CONV = {"type": "conv2d", "filters": 4, "kernel_size": 3}
IMAGE = (28, 28)


@pytest.fixture
def cnn(iris):
    return lambda *layers: iris({}) | {"model": {"kind": "cnn", "layers": list(layers)}}


@pytest.mark.parametrize(
    ("padding", "expected"), [("same", "same"), (1, (1, 1)), ([2, 0], (2, 0)), (0, (0, 0)), (64, (64, 64))]
)
def test_padding_is_a_name_or_numbers_of_zeros(cnn, padding, expected):
    assert parse_spec(cnn({**CONV, "padding": padding})).model.layers[0].padding == expected


@pytest.mark.parametrize(
    ("padding", "pointer", "detail"),
    [
        ("sane", "", "Unknown value 'sane'. Did you mean 'same'?"),
        (65, "", "Expected a number of at most 64; got 65."),
        (-1, "", "Expected a number of at least 0; got -1."),
        ([1, 65], "/1", "Expected a number of at most 64; got 65."),
        ([1], "", "Item 2 of the list is missing."),
        (True, "", 'Expected "valid", "same", a whole number like 1 or a list like [1, 1]; got true.'),
        (None, "", 'Expected "valid", "same", a whole number like 1 or a list like [1, 1]; got null.'),
    ],
)
def test_other_padding_is_reported_at_its_place(cnn, problems, padding, pointer, detail):
    found = problems(cnn({**CONV, "padding": padding}))
    assert [(place.removeprefix("/model/layers/0/padding"), one.detail) for place, one in found.items()] == [
        (pointer, detail)
    ]


def conv(filters=8, kernel_size=3, **arguments):
    return {"type": "conv2d", "filters": filters, "kernel_size": kernel_size, **arguments}


@pytest.mark.parametrize(
    ("arguments", "sizes"),
    [
        # Valid: the kernel stays inside.
        ({"kernel_size": 3}, (26, 26)),
        ({"kernel_size": 5}, (24, 24)),
        ({"kernel_size": 28}, (1, 1)),
        ({"kernel_size": [3, 5]}, (26, 24)),
        # From position 0, as long as 3 pixels are left.
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


def test_each_group_reads_its_own_channels(table):
    # 8 channels in 4 groups of 2: 3·3·2·12 weights and 12 biases.
    rows = table("cnn", IMAGE, conv(8, 3), conv(12, 3, groups=4))
    assert rows[-1] == ("conv2d_2", (24, 24, 12), 228, 2 * 216 * 576)


@pytest.mark.parametrize("kernel_size", [3, [1, 29]])
def test_a_kernel_larger_than_its_image_is_rejected(misfit, kernel_size):
    layers = [{"type": "pooling2d", "pool_size": 14}, conv(8, 3)] if kernel_size == 3 else [conv(8, kernel_size)]
    pointer, detail = misfit("cnn", IMAGE, *layers)
    assert pointer == f"/model/layers/{len(layers) - 1}/kernel_size"
    seen = "a 3×3 kernel does not fit into its 2×2 input" if kernel_size == 3 else "a 1×29 kernel does not fit into"
    assert seen in detail
    assert "padding 'same'" in detail


def test_the_error_of_a_dilated_kernel_names_its_dilation_rate(misfit):
    # A kernel of 3 with gaps of 13 spans 29.
    _, detail = misfit("cnn", IMAGE, conv(8, 3, dilation_rate=14))
    assert "a 3×3 kernel with dilation_rate 14×14 does not fit into its 28×28 input" in detail


@pytest.mark.parametrize(
    ("layers", "groups"),
    [([conv(4, 3, groups=2)], "1 channels"), ([conv(6, 3), conv(4, 3, groups=3)], "its 4 filters")],
)
def test_groups_that_do_not_divide_are_rejected(misfit, layers, groups):
    pointer, detail = misfit("cnn", IMAGE, *layers)
    assert pointer == f"/model/layers/{len(layers) - 1}/groups"
    assert groups in detail


def test_strides_with_dilation_are_rejected_as_in_keras(misfit):
    pointer, detail = misfit("cnn", IMAGE, conv(8, 3, strides=[1, 2], dilation_rate=[2, 1]))
    assert pointer == "/model/layers/0/dilation_rate"
    assert "cannot both be above 1" in detail


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
    assert "a 31×31 kernel does not fit into its 30×30 input" in detail
