import pytest

from core.signatures.labels import are_different, find_classes, label_text, label_type
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec

SPECIES = ("setosa", "versicolor", "virginica")


def test_a_name_is_a_label_or_where_no_label_is_a_number_the_number_of_a_class():
    assert find_classes(["virginica", "0"], SPECIES) == {"virginica": 2, "0": 0}


@pytest.mark.parametrize("name", ["3", "-1", "00", "0.0", "Setosa", "", "²", "nan", "1_0"])
def test_other_names_stand_for_no_class(name):
    assert find_classes([name], SPECIES) == {}


@pytest.mark.parametrize("name", ["1", "1.0", "+1", "1.00", "1e0", "10e-1"])
@pytest.mark.parametrize("labels", [(0.5, 1.0, 2.0), (-3, 1, 2)])
def test_a_number_stands_for_the_label_that_is_equal_however_it_is_written(labels, name):
    assert find_classes([name, "0"], labels) == {name: 1}


def test_whole_numbers_above_2_to_the_53_are_told_apart():
    labels = (9007199254740992, 9007199254740993)
    assert find_classes(["9007199254740993", "9007199254740992.0"], labels) == {
        "9007199254740993": 1,
        "9007199254740992.0": 0,
    }


def test_text_that_looks_like_a_number_is_only_text():
    # Neither 1 nor 7 is the number of a class here: they could be meant as labels.
    assert find_classes(["007", "7", "1", "yes"], ("yes", "007")) == {"007": 1, "yes": 0}
    assert find_classes(["1", "0"], ("1", "0")) == {"1": 0, "0": 1}


def test_truth_is_written_as_in_json():
    assert find_classes(["true", "1"], (False, True)) == {"true": 1, "1": 1}
    assert [label_text(label) for label in (False, 3, 2.0, "3")] == ["false", "3", "2.0", "3"]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (("3", "007"), "text"),
        ((3, 7), "integer"),
        ((1.0, 2.5), "number"),
        ((1, 2.5), "number"),
        ((False, True), "boolean"),
        ((1, "a"), "mixed"),
        ((0, True), "mixed"),
    ],
)
def test_the_type_of_labels(labels, expected):
    assert label_type(labels) == expected


@pytest.mark.parametrize("labels", [(1, 1.0), ("a", "a"), ("1", 1), (2.0, 2.0), (True, "true")])
def test_labels_that_nobody_could_tell_apart_are_not_different(labels):
    assert not are_different(labels)


@pytest.mark.parametrize("labels", [(0, False), (1, 2), (1.0, 2.5), ("1", "1.0"), (True, False)])
def test_other_labels_are_different(labels):
    assert are_different(labels)


@pytest.mark.parametrize("labels", [("3", "007"), (3, 2**62 + 1), (1.0, 2.5), (False, True)])
def test_a_stored_signature_keeps_the_types_of_its_labels(labels):
    signature = ModelSignature(
        task=Task.CLASSIFICATION,
        input_kind=InputKind.TENSOR,
        input=TensorSpec(name="x", onnx_name="x", shape=(1,)),
        output=TensorSpec(name="y", onnx_name="y", shape=(2,)),
        class_labels=labels,
    )
    restored = ModelSignature.model_validate_json(signature.model_dump_json()).class_labels
    assert [(type(label), label) for label in restored] == [(type(label), label) for label in labels]
