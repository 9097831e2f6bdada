import numpy as np
import pytest

from core.signatures.given import GivenSignature
from serving.checks.errors import RejectedNetwork
from serving.checks.session import NetworkTensor
from serving.checks.signature import make_signature
from serving.checks.trial import TrialOutput


def make(input_shape, output_shape, seen):
    inputs = [NetworkTensor("x", "float32", input_shape)]
    outputs = [NetworkTensor("y", "float32", output_shape)]
    trial = {"y": TrialOutput(np.zeros((3, *seen), np.float32))}
    return make_signature(GivenSignature(), inputs, outputs, trial).output.shape


@pytest.mark.parametrize(
    ("input_shape", "output_shape", "seen", "shape"),
    [
        ((2,), (4,), (4,), (4,)),
        ((2,), (-1,), (4,), (4,)),
        ((2,), None, (4, 1), (4, 1)),
        ((-1,), (-1, 4), (8, 4), (-1, 4)),
        ((-1,), None, (8, 4), (-1, -1)),
        ((-1,), None, (), ()),
    ],
)
def test_lengths_that_are_not_declared_are_those_of_the_trial_unless_rows_may_differ(
    input_shape, output_shape, seen, shape
):
    assert make(input_shape, output_shape, seen) == shape


@pytest.mark.parametrize(("declared", "seen"), [((3,), (4,)), ((3,), (3, 1)), ((-1,), ()), ((-1,), (0,))])
def test_an_output_of_another_shape_than_declared_is_rejected(declared, seen):
    with pytest.raises(RejectedNetwork, match="and the network declares") as caught:
        make((2,), declared, seen)
    assert caught.value.code == "wrong_shape"


@pytest.mark.parametrize(
    ("values", "are_probabilities"),
    [
        ([[0.25, 0.75], [1, 0]], True),
        ([[0.5], [1]], True),
        ([[0.5], [1.5]], False),
        ([[0.5, 0.25], [1, 0]], False),
        ([[-0.5, 1.5], [1, 0]], False),
        ([0.5, 0.5], False),
        ([[np.nan, 1]], False),
    ],
)
def test_probabilities_are_from_zero_to_one_and_one_in_total(values, are_probabilities):
    assert TrialOutput(np.float32(values)).are_probabilities == are_probabilities
