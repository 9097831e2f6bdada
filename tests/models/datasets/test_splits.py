import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.datasets.splits import Split, count_split
from core.errors import InvalidSpec
from models.arrays.samples import Samples
from models.datasets.splits import split_samples


def numbered(count, num_classes=3):
    """Return samples whose input is their index."""
    numbers = np.arange(count)
    return Samples(numbers[:, None].astype(np.float32), numbers % num_classes)


def numbers_in(samples):
    return samples.inputs[:, 0].astype(int).tolist()


def test_without_shuffling_the_last_samples_are_held_out_as_keras_does():
    parts = split_samples(numbered(10), Split(validation=0.25, test=2, shuffle=False), seed=0)

    # 2 of 10 for test; a quarter of the other 8 for validation.
    assert numbers_in(parts.train) == [0, 1, 2, 3, 4, 5]
    assert numbers_in(parts.validation) == [6, 7]
    assert numbers_in(parts.test) == [8, 9]


@pytest.mark.parametrize("shuffle", [True, False])
def test_weights_stay_with_their_samples(shuffle):
    numbers = np.arange(20)
    samples = Samples(numbers[:, None].astype(np.float32), numbers % 2, numbers.astype(np.float32) / 2)

    parts = split_samples(samples, Split(validation=5, test=4, shuffle=shuffle), seed=3)

    for part in (parts.train, parts.validation, parts.test):
        assert (part.weights * 2).tolist() == numbers_in(part)


@given(
    count=st.integers(1, 60),
    validation=st.floats(0, 0.9) | st.integers(1, 10).map(float),
    test=st.floats(0, 0.9) | st.integers(1, 10).map(float),
    shuffle=st.booleans(),
    stratify=st.booleans(),
)
def test_every_sample_is_in_one_split_and_the_counts_are_those_promised(count, validation, test, shuffle, stratify):
    split = Split(validation=validation, test=test, shuffle=shuffle, stratify=stratify)
    try:
        counts = count_split(split, count)
    except InvalidSpec:
        with pytest.raises(InvalidSpec):
            split_samples(numbered(count), split, seed=1)
        return

    parts = split_samples(numbered(count), split, seed=1)

    assert (len(parts.train), len(parts.validation), len(parts.test)) == (counts.train, counts.validation, counts.test)
    everything = numbers_in(parts.train) + numbers_in(parts.validation) + numbers_in(parts.test)
    assert sorted(everything) == list(range(count))


@pytest.mark.parametrize("shuffle", [True, False])
def test_stratifying_holds_out_the_same_fraction_of_every_class(shuffle):
    parts = split_samples(numbered(90), Split(validation=0.5, test=30, stratify=True, shuffle=shuffle), seed=5)

    for part, per_class in ((parts.test, 10), (parts.validation, 10), (parts.train, 10)):
        assert np.bincount(part.targets).tolist() == [per_class] * 3


def test_stratifying_rounds_the_largest_remainders_up():
    # Classes of 6, 3 and 1; 5 of 10 held out are shares of 3, 1.5 and 0.5: one of the halves gets the fifth.
    samples = Samples(np.zeros((10, 1), np.float32), np.array([0] * 6 + [1] * 3 + [2]))

    parts = split_samples(samples, Split(test=5, stratify=True), seed=2)

    assert np.bincount(parts.test.targets, minlength=3).tolist() == [3, 2, 0]


def test_the_draw_depends_on_the_seed_alone():
    split = Split(validation=5)
    first, again, other = (split_samples(numbered(40), split, seed=seed) for seed in (1, 1, 2))

    assert numbers_in(first.validation) == numbers_in(again.validation)
    assert numbers_in(first.validation) != numbers_in(other.validation)


def test_test_samples_of_the_dataset_itself_are_kept():
    given_test = Samples(np.full((4, 1), 99, np.float32), np.zeros(4, int))

    parts = split_samples(numbered(10), Split(validation=3), seed=0, given_test=given_test)

    assert (len(parts.train), len(parts.validation)) == (7, 3)
    assert numbers_in(parts.test) == [99] * 4


def test_stratifying_numbers_is_rejected_with_the_field_to_change():
    samples = Samples(np.zeros((4, 1), np.float32), np.zeros((4, 1), np.float32))

    with pytest.raises(InvalidSpec) as caught:
        split_samples(samples, Split(validation=1, stratify=True), seed=0)

    assert caught.value.problems[0].pointer == "/dataset/split/stratify"
