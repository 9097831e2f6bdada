from core.signatures.signature import InputKind, Task


def test_digits_are_small_images(shape):
    digits = shape({"name": "digits"})
    assert (digits.task, digits.input_kind) == (Task.CLASSIFICATION, InputKind.IMAGE)
    assert (digits.input_shape, digits.target_shape, digits.num_train) == ((8, 8), (), 1797)
    assert digits.pixel_range == (0, 16)
    assert digits.class_labels == (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
