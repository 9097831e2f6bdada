import pytest

from core.signatures.signature import InputKind, Task


@pytest.mark.parametrize("num_bits", [1, 63])
def test_operands_have_2_to_62_bits(dataset, num_bits):
    assert list(dataset({"name": "binary_addition", "num_bits": num_bits})) == ["/num_bits"]


def test_pairs_of_numbers_are_read_bit_by_bit(shape):
    pairs = shape({"name": "binary_addition", "num_bits": 6, "num_train": 20, "num_test": 5})
    assert (pairs.task, pairs.input_kind) == (Task.BINARY_ADDITION, InputKind.BIT_PAIR)
    assert (pairs.input_shape, pairs.target_shape) == ((6, 2), (6, 1))
    assert (pairs.num_train, pairs.num_test) == (20, 5)
