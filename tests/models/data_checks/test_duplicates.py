import numpy as np
import pytest

from models.arrays.samples import Samples, SplitSamples
from models.data_checks import duplicates
from models.data_checks.duplicates import hash_samples, warn_of_same_samples

RANDOM = np.random.default_rng(3)


def samples(num, width=3, dtype=np.float32):
    rows = RANDOM.normal(size=(num, width)) if dtype == np.float32 else RANDOM.integers(0, 256, (num, width, width))
    return Samples(rows.astype(dtype), RANDOM.integers(0, 2, num))


def join(one, other):
    return Samples(np.concatenate([one.inputs, other.inputs]), np.concatenate([one.targets, other.targets]))


def rows_of(part, *rows):
    return part.take(np.array(rows, np.intp))


NOTHING = samples(0)


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
def test_held_out_samples_that_are_in_the_training_data_are_counted(dtype):
    train = samples(100, dtype=dtype)
    test = join(samples(36, dtype=dtype), rows_of(train, 3, 50, 50, 99))
    (notice,) = warn_of_same_samples(SplitSamples(train, samples(20, dtype=dtype), test))
    assert (notice.code, notice.pointer) == ("same_rows_in_splits", "/dataset/split/test")
    # 4 of 36 + 4.
    assert notice.detail.startswith("4 of 40 test samples (10.0 %) are the same as a training sample")


def test_the_same_inputs_with_another_target_are_another_sample():
    train = samples(100)
    other = Samples(train.inputs[:5], 1 - train.targets[:5])
    assert warn_of_same_samples(SplitSamples(train, NOTHING, other)) == []


def test_zero_and_minus_zero_are_the_same_number():
    zero, minus = (Samples(np.full((1, 2), value, np.float32), np.zeros(1, np.int64)) for value in (0.0, -0.0))
    assert hash_samples(zero).tolist() == hash_samples(minus).tolist()


def test_repeated_training_samples_are_told_from_5_percent():
    train = samples(95)
    (notice,) = warn_of_same_samples(SplitSamples(join(train, rows_of(train, 1, 1, 2, 3, 4)), NOTHING, NOTHING))
    assert (notice.code, notice.pointer) == ("repeated_rows", "/dataset")
    assert notice.detail.startswith("5 of 100 training samples repeat another one")
    assert warn_of_same_samples(SplitSamples(join(train, rows_of(train, 1, 2)), NOTHING, NOTHING)) == []


def test_where_only_few_different_samples_are_possible_repetitions_are_no_warning():
    bits = Samples(RANDOM.integers(0, 2, (200, 2)).astype(np.float32), np.zeros(200, np.int64))
    assert warn_of_same_samples(SplitSamples(bits, NOTHING, bits)) == []
    # 20 values of 100 possible ones are the training samples: a fifth of all others is like one of them by chance.
    train = Samples(np.arange(20, dtype=np.float32)[:, None], np.zeros(20, np.int64))
    test = Samples(np.array([3, *range(21, 30)], np.float32)[:, None], np.zeros(10, np.int64))
    assert warn_of_same_samples(SplitSamples(train, NOTHING, test), num_possible=100) == []
    assert len(warn_of_same_samples(SplitSamples(train, NOTHING, test))) == 1


def test_of_large_data_evenly_spaced_samples_are_compared_and_the_text_says_so(monkeypatch):
    train = samples(100)
    # Four float32 and an int64 less one: 12 + 8 bytes a sample, 200 samples; every second is compared.
    monkeypatch.setattr(duplicates, "MOST_BYTES", 2_000)
    (notice,) = warn_of_same_samples(SplitSamples(train, NOTHING, train))
    assert notice.detail.startswith("50 of 50 test samples (100.0 %)")
    assert "among the 100 samples that were compared" in notice.detail
