import pytest


@pytest.mark.parametrize(
    ("depth", "groups"),
    [(11, [1, 1, 2, 2, 2]), (13, [2, 2, 2, 2, 2]), (16, [2, 2, 3, 3, 3]), (19, [2, 2, 4, 4, 4])],
)
def test_vgg_has_the_papers_groups(expand, depth, groups):
    rows = expand(family="vgg", depth=depth, width=64)

    # Each group has images half as large as the one before, and ends in a pooling.
    sizes = {32: 64, 16: 128, 8: 256, 4: 512, 2: 512}
    convolutions = [row.output_shape for row in rows if row.type == "Conv2D"]
    expected = []
    for number, (size, filters) in zip(groups, sizes.items(), strict=True):
        expected += [(size, size, filters)] * number
    assert convolutions == expected
    assert [row.output_shape[0] for row in rows if row.type == "MaxPooling2D"] == [16, 8, 4, 2, 1]
    assert len([row for row in rows if row.type in {"Conv2D", "Dense"}]) == depth


def test_vggs_kernels_are_three_by_three(expand):
    first, *_ = expand(family="vgg", width=64)

    # 3·3·3·64 + 64
    assert first.num_parameters == 1792


def test_another_depth_is_rejected(iris, problems):
    (problem,) = problems(iris({}) | {"model": {"kind": "cnn_family", "family": "vgg", "depth": 12}}).values()

    assert (problem.pointer, problem.detail) == ("/model/depth", "Expected 11, 13, 16 or 19; got 12.")
