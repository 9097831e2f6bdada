def joints(rows):
    return [row.output_shape for row in rows if row.type == "Concatenate"]


def test_googlenet_has_the_papers_nine_inception_blocks(expand):
    # Table 1 of the paper, output sizes of 3a to 5b; images are 16×16, 8×8 and 4×4 for its 28×28, 14×14 and 7×7.
    channels = [256, 480, 512, 512, 512, 528, 832, 832, 1024]
    sizes = [16] * 2 + [8] * 5 + [4] * 2

    rows = expand(family="googlenet", width=64)

    assert joints(rows) == [(size, size, number) for size, number in zip(sizes, channels, strict=True)]


def test_the_second_block_has_the_papers_weights(expand):
    rows = expand(family="googlenet", width=64)
    first, second = [number for number, row in enumerate(rows) if row.type == "Concatenate"][:2]

    weights = [row.num_parameters for row in rows[first + 1 : second] if row.type == "Conv2D"]

    # From 256 channels: 1×1; 1×1 then 3×3; 1×1 then 5×5; 1×1 after the pooling. Together the paper's 380K.
    assert weights == [
        256 * 128 + 128,
        256 * 128 + 128,
        9 * 128 * 192 + 192,
        256 * 32 + 32,
        25 * 32 * 96 + 96,
        256 * 64 + 64,
    ]
    assert round(sum(weights) / 1024) == 380


def test_googlenet_ends_in_the_mean_of_each_channel(expand):
    tail = [(row.type, row.output_shape) for row in expand(family="googlenet", num_classes=3)[-3:]]

    assert tail == [("GlobalAveragePooling2D", (256,)), ("Dropout", (256,)), ("Dense", (3,))]


def test_the_thinnest_googlenet_has_a_filter_in_every_branch(expand):
    rows = expand(family="googlenet", width=1, dropout=0)

    # 3a in 64ths, rounded, at least 1: 1, 2, 1 and 1; then 2, 3, 2 (1.5) and 1.
    assert joints(rows)[:2] == [(16, 16, 5), (16, 16, 8)]
    assert "Dropout" not in {row.type for row in rows}


def test_googlenet_can_be_normalised(expand):
    types = [row.type for row in expand(family="googlenet", batch_normalization=True)]

    # The first convolution and six in each of nine blocks.
    assert types.count("Conv2D") == types.count("BatchNormalization") == 55
