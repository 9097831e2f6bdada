from core.signatures.signature import Task


def test_four_rows_of_truth_are_never_split(dataset):
    assert "no field 'split'" in dataset({"name": "truth_table", "operation": "xor", "split": {}})["/split"]


def test_a_truth_table_has_four_rows_to_train_on(shape):
    rows = shape({"name": "truth_table", "operation": "and"})
    assert (rows.task, rows.columns, rows.class_labels) == (Task.CLASSIFICATION, ("a", "b"), (0, 1))
    assert (rows.num_train, rows.num_validation, rows.num_test) == (4, 0, 0)


def test_a_truth_table_that_repeats_has_more(shape):
    assert shape({"name": "truth_table", "operation": "or", "repeats": 25}).num_train == 100
