import pytest

from core.checks.weights import number_classes
from core.errors import InvalidSpec

TABLE = {"name": "inline", "inputs": [[1.0], [2.0]], "targets": [0, 1]}


@pytest.fixture
def rejections(check, iris):
    """Return the problems of class weights, by class."""

    def find(class_weight, **changes):
        with pytest.raises(InvalidSpec) as caught:
            check(iris({"training": {"class_weight": class_weight}}) | changes)
        return {
            problem.pointer.removeprefix("/training/class_weight"): (problem.detail, problem.code)
            for problem in caught.value.problems
        }

    return find


def test_a_class_is_named_by_its_label_or_its_number():
    assert number_classes(["virginica", "0"], ["setosa", "versicolor", "virginica"]) == {"virginica": 2, "0": 0}


def test_a_label_that_looks_like_a_number_is_a_label_first():
    assert number_classes(["1", "0"], ["1", "0"]) == {"1": 0, "0": 1}
    assert number_classes(["1", "0"], ["1", "yes"]) == {"1": 0, "0": 0}


@pytest.mark.parametrize("name", ["3", "-1", "00", "0.0", "Setosa", "", "²"])
def test_other_names_are_unknown_classes(name):
    assert number_classes([name], ["setosa", "versicolor", "virginica"]) == {}


@pytest.mark.parametrize("weights", ["balanced", {"setosa": 2}, {"setosa": 2.5, "1": 3}, None])
def test_weights_of_existing_classes_are_accepted(check, iris, weights):
    assert check(iris({"training": {"class_weight": weights}})).num_train == 150


def test_an_unknown_class_is_reported_with_the_nearest_label(rejections):
    assert rejections({"setosaa": 1, "3": 2, "versicolor": 1}) == {
        "/setosaa": ("Unknown class 'setosaa'. Did you mean 'setosa'?", "unknown_class"),
        "/3": ("Unknown class '3'. Known here: setosa, versicolor, virginica.", "unknown_class"),
    }


def test_a_pointer_resolves_for_any_class_name(rejections):
    assert list(rejections({"a/b~c": 1})) == ["/a~1b~0c"]


def test_a_class_has_one_weight(rejections):
    assert rejections({"0": 1, "setosa": 2}) == {
        "/setosa": ("'0' and 'setosa' are the same class. Keep one of them.", "class_named_twice")
    }


@pytest.mark.parametrize("weights", ["balanced", {"0": 1}])
def test_class_weights_are_rejected_without_classes(check, line, weights):
    with pytest.raises(InvalidSpec, match="this dataset has no class labels") as caught:
        check(line({"training": {"class_weight": weights}}))
    assert [problem.pointer for problem in caught.value.problems] == ["/training/class_weight"]


def test_the_nearest_of_many_classes_is_not_suggested(rejections):
    dataset = TABLE | {"class_labels": [f"class {number}" for number in range(1000)]}
    model = {"kind": "mlp", "layers": [{"units": 1000, "activation": "softmax"}]}
    found = rejections({f"klass {number}": 1 for number in range(100)}, dataset=dataset, model=model)
    assert len(found) == 20
    assert found["/klass 0"] == (
        "Unknown class 'klass 0'. Use one of the 1,000 labels, or a number from 0 to 999.",
        "unknown_class",
    )
