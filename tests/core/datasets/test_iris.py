from core.signatures.signature import InputKind, Task


def test_irises_have_four_named_columns_and_three_labels(shape):
    irises = shape({"name": "iris"})
    assert (irises.task, irises.input_kind) == (Task.CLASSIFICATION, InputKind.COLUMNS)
    assert (irises.input_shape, irises.network_input_shape, irises.target_shape) == ((4,), (4,), ())
    assert irises.columns == ("sepal_length", "sepal_width", "petal_length", "petal_width")
    assert irises.class_labels == ("setosa", "versicolor", "virginica")
    assert (irises.num_train, irises.num_validation, irises.num_test) == (150, 0, 0)
