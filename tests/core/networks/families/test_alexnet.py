def test_alexnet_has_the_papers_layers_at_the_papers_width(expand):
    rows = expand(family="alexnet", width=96, hidden_units=4096, num_classes=1000)

    assert [(row.type, row.output_shape) for row in rows] == [
        ("Conv2D", (32, 32, 96)),
        ("MaxPooling2D", (16, 16, 96)),
        ("Conv2D", (16, 16, 256)),
        ("MaxPooling2D", (8, 8, 256)),
        ("Conv2D", (8, 8, 384)),
        ("Conv2D", (8, 8, 384)),
        ("Conv2D", (8, 8, 256)),
        ("MaxPooling2D", (4, 4, 256)),
        ("Flatten", (4096,)),
        ("Dense", (4096,)),
        ("Dropout", (4096,)),
        ("Dense", (4096,)),
        ("Dropout", (4096,)),
        ("Dense", (1000,)),
    ]
    # 5·5·3·96 + 96, as the kernel is 5×5 where the paper's is 11×11.
    assert rows[0].num_parameters == 7296


def test_alexnet_can_be_normalised_and_do_without_dropout(expand):
    types = [row.type for row in expand(family="alexnet", batch_normalization=True, dropout=0)]

    assert types[:4] == ["Conv2D", "BatchNormalization", "Activation", "MaxPooling2D"]
    assert types.count("BatchNormalization") == 5
    assert "Dropout" not in types


def test_the_thinnest_alexnet_has_a_filter_everywhere(expand):
    filters = [row.output_shape[-1] for row in expand(family="alexnet", width=1) if row.type == "Conv2D"]

    assert filters == [1, 2, 4, 4, 2]
