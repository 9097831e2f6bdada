import pytest

from core.signatures.encodings import NumberEncoding, TableEncoding
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec

AGE = TableEncoding(columns=(NumberEncoding(name="age"),))


def sign(kind, shape, task=Task.REGRESSION, outputs=(1,), **others):
    return ModelSignature(
        task=task,
        input_kind=kind,
        input=TensorSpec(name="x", onnx_name="x", shape=shape),
        output=TensorSpec(name="y", onnx_name="y", shape=outputs),
        **others,
    )


@pytest.mark.parametrize(
    ("kind", "shape", "others"),
    [
        (InputKind.COLUMNS, (2,), {"columns": ("a", "b")}),
        (InputKind.TABLE, (1,), {"columns": ("age",), "table": AGE}),
        (InputKind.TABLE, (24, 1), {"columns": ("age",), "table": AGE}),
        (InputKind.BIT_PAIR, (1, 2), {"num_bits": 1}),
        (InputKind.BIT_PAIR, (-1, 2), {"num_bits": 8}),
        (InputKind.IMAGE, (28, 28), {}),
        (InputKind.IMAGE, (32, 48, 1), {}),
        (InputKind.IMAGE, (32, 48, 3), {}),
    ],
)
def test_a_row_may_come_in_a_form_that_gives_the_input(kind, shape, others):
    assert sign(kind, shape, **others).input.shape == shape


@pytest.mark.parametrize(
    ("kind", "shape", "others"),
    [
        (InputKind.COLUMNS, (3,), {"columns": ("a", "b")}),
        (InputKind.COLUMNS, (2,), {"columns": ("a", "a")}),
        (InputKind.COLUMNS, (1,), {"columns": ("a", "a")}),
        (InputKind.TABLE, (1,), {"columns": ("age",)}),
        (InputKind.TABLE, (2,), {"columns": ("age",), "table": AGE}),
        (InputKind.TABLE, (1,), {"columns": ("Age",), "table": AGE}),
        (InputKind.BIT_PAIR, (0, 2), {"num_bits": 0}),
        (InputKind.BIT_PAIR, (-1, 2), {"num_bits": 0}),
        (InputKind.BIT_PAIR, (7, 2), {"num_bits": 8}),
        (InputKind.BIT_PAIR, (8, 3), {"num_bits": 8}),
        (InputKind.IMAGE, (28,), {}),
        (InputKind.IMAGE, (28, 28, 2), {}),
        (InputKind.IMAGE, (28, 28, 1, 1), {}),
        (InputKind.IMAGE, (28, 28, 3, 1), {}),
    ],
)
def test_a_form_that_does_not_give_the_input_is_rejected(kind, shape, others):
    with pytest.raises(ValueError, match=r"shape|channels|columns"):
        sign(kind, shape, **others)


@pytest.mark.parametrize(("outputs", "number"), [((), 2), ((1,), 2), ((2,), 2), ((3,), 3)])
def test_a_classifier_has_a_label_for_each_output_and_two_for_one(outputs, number):
    labels = ("a", "b", "c", "d")
    kind = InputKind.TENSOR
    signed = sign(kind, (4,), Task.CLASSIFICATION, outputs, class_labels=labels[:number])
    assert signed.class_labels == labels[:number]
    for wrong in (labels[: number - 1], labels[: number + 1], ("a",) * number):
        with pytest.raises(ValueError, match=f"must be {number} different labels"):
            sign(kind, (4,), Task.CLASSIFICATION, outputs, class_labels=wrong)


@pytest.mark.parametrize("fields", [{"threshold": -0.1}, {"threshold": 1.1}, {"num_bits": -1}, {"labels": ()}])
def test_a_field_out_of_range_and_an_unknown_one_are_rejected(fields):
    with pytest.raises(ValueError, match=next(iter(fields))):
        sign(InputKind.TENSOR, (4,), **fields)


def test_a_stored_tensor_has_no_unknown_fields():
    with pytest.raises(ValueError, match="size"):
        TensorSpec.model_validate({"name": "x", "onnx_name": "x", "shape": [4], "size": 4})


def test_the_words_of_stored_signatures_stay():
    assert [*map(str, InputKind)] == ["tensor", "columns", "table", "image", "bit_pair"]
    assert [*map(str, Task)] == ["classification", "regression", "binary_addition", "sequence"]


def test_a_signature_cannot_be_changed():
    signed = sign(InputKind.TENSOR, (4,))
    with pytest.raises(ValueError, match="frozen"):
        signed.threshold = 0.9
    with pytest.raises(ValueError, match="frozen"):
        signed.input.shape = (5,)


def test_what_a_signature_leaves_out_is_as_usual():
    signed = sign(InputKind.TENSOR, (4,))
    assert (signed.input.dtype, signed.threshold, signed.pixel_range) == ("float32", 0.5, (0.0, 255.0))
    assert (signed.answers_probabilities, signed.resize, signed.columns) == (True, None, ())
