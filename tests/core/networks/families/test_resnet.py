import pytest


@pytest.mark.parametrize(("depth", "millions"), [(20, 0.27), (32, 0.46), (44, 0.66), (56, 0.85), (110, 1.73)])
def test_resnet_has_the_papers_layers_and_weights(expand, depth, millions):
    rows = expand(family="resnet", depth=depth, width=16)

    # Table 6 counts neither moving averages nor projections: 16·32 and 32·64 weights, and two numbers a filter.
    averages = sum(row.num_parameters for row in rows if row.type == "BatchNormalization") // 2
    projections = 16 * 32 + 2 * 32 + 32 * 64 + 2 * 64
    assert round((sum(row.num_parameters for row in rows) - averages - projections) / 1e6, 2) == millions
    assert len([row for row in rows if row.type == "Add"]) == (depth - 2) // 2
    # Two projections, where images become smaller.
    assert len([row for row in rows if row.type in {"Conv2D", "Dense"}]) == depth + 2


def test_stages_halve_the_image_and_double_the_filters(expand):
    rows = expand(family="resnet", depth=14, width=16)

    sums = [row.output_shape for row in rows if row.type == "Add"]
    assert sums == [(32, 32, 16)] * 2 + [(16, 16, 32)] * 2 + [(8, 8, 64)] * 2
    assert [row.output_shape for row in rows[-2:]] == [(64,), (10,)]


def test_a_pair_is_normalised_and_activated_as_in_the_paper(expand):
    types = [row.type for row in expand(family="resnet", depth=8)]

    assert types[:11] == [
        *("Conv2D", "BatchNormalization", "Activation"),
        *("Conv2D", "BatchNormalization", "Activation", "Conv2D", "BatchNormalization", "Add", "Activation"),
        "Conv2D",
    ]


def test_without_shortcuts_the_same_layers_follow_one_another(expand):
    rows = expand(family="resnet", depth=20, shortcuts=False)

    assert not {"Add", "Concatenate"} & {row.type for row in rows}
    assert len([row for row in rows if row.type in {"Conv2D", "Dense"}]) == 20


@pytest.mark.parametrize(
    ("depth", "detail"),
    [
        (21, "The depth of a ResNet is 6n + 2, such as 20 or 26; 21 is not."),
        (9, "The depth of a ResNet is 6n + 2, such as 8 or 14; 9 is not."),
        (2, "Expected a number of at least 8; got 2."),
        (116, "Expected a number of at most 110; got 116."),
    ],
)
def test_another_depth_is_rejected(iris, problems, depth, detail):
    (problem,) = problems(iris({}) | {"model": {"kind": "cnn_family", "family": "resnet", "depth": depth}}).values()

    assert (problem.pointer, problem.detail) == ("/model/depth", detail)


def test_mistakes_in_a_family_are_reported_at_their_place(iris, problems):
    found = problems(iris({}) | {"model": {"kind": "cnn_family", "family": "resnet", "widht": 4, "dropout": 1}})
    assert set(found) == {"/model/widht", "/model/dropout"}
    assert "Did you mean 'width'?" in found["/model/widht"].detail
    (problem,) = problems(iris({}) | {"model": {"kind": "cnn_family", "family": "resnett"}}).values()
    assert problem.pointer == "/model/family"
    assert "Did you mean 'resnet'?" in problem.detail
    (problem,) = problems(iris({}) | {"model": {"kind": "cnn_family"}}).values()
    assert (problem.pointer, problem.detail) == ("/model/family", "The field 'family' is missing.")
