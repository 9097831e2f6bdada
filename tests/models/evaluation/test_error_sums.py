import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from core.evaluation import MOST_PAIRS
from models.evaluation.error_sums import ErrorTally


def count(tally, targets, outputs, *, batch=256):
    for first in range(0, len(targets), batch):
        tally.add(targets[first : first + batch], outputs[first : first + batch])
    return tally.report()


@pytest.mark.parametrize("offset", [0.0, 1e6], ids=["around 0", "far from 0"])
def test_errors_are_those_of_scikit_learn(offset):
    random = np.random.default_rng(1)
    targets = (random.normal(size=(1000, 3)) * [1, 10, 100] + offset).astype(np.float32)
    outputs = (targets + random.normal(size=(1000, 3)) * [0.5, 1, 80]).astype(np.float32)

    report = count(ErrorTally(("x", "y", "z"), 1000), targets, outputs)

    wide, answered = targets.astype(np.float64), outputs.astype(np.float64)
    each = {"multioutput": "raw_values"}
    parts = report.outputs
    assert [part.name for part in parts] == ["x", "y", "z"]
    close = {"rtol": 1e-12}
    np.testing.assert_allclose(
        [part.mean_absolute_error for part in parts], mean_absolute_error(wide, answered, **each), **close
    )
    np.testing.assert_allclose(
        [part.root_mean_squared_error for part in parts], root_mean_squared_error(wide, answered, **each), **close
    )
    np.testing.assert_allclose([part.r2_score for part in parts], r2_score(wide, answered, **each), rtol=1e-9)
    assert report.mean_absolute_error == pytest.approx(mean_absolute_error(wide, answered), rel=1e-12)
    assert report.r2_score == pytest.approx(r2_score(wide, answered), rel=1e-9)
    assert report.root_mean_squared_error == pytest.approx(np.sqrt(np.square(wide - answered).mean()), rel=1e-12)


def test_steps_of_a_sequence_are_rows():
    targets = np.array([[[0.0], [1.0]], [[2.0], [3.0]]], np.float32)

    report = count(ErrorTally(("0",), 4), targets, targets + np.float32(0.5), batch=1)

    assert report.mean_absolute_error == report.root_mean_squared_error == 0.5
    # The mean is 1.5: squared distances 2.25 + 0.25 + 0.25 + 2.25, squared errors 4 · 0.25.
    assert report.r2_score == pytest.approx(1 - 1 / 5)
    assert sorted(report.outputs[0].sample.targets) == [0, 1, 2, 3]


def test_targets_that_are_all_the_same_have_no_r2_score():
    targets = np.full((700, 1), 0.1, np.float32) * np.array([1, 0], np.float32) + np.array([1e7, 0], np.float32)
    targets[:, 1] = np.arange(700)

    report = count(ErrorTally(("same", "other"), 700), targets, targets)

    assert [part.r2_score for part in report.outputs] == [None, 1.0]
    assert report.r2_score is None


def test_an_infinite_error_is_none():
    targets, outputs = np.array([[1.0], [2.0]], np.float32), np.array([[np.inf], [2.0]], np.float32)

    report = count(ErrorTally(("0",), 2), targets, outputs)

    assert report.mean_absolute_error is report.root_mean_squared_error is report.r2_score is None
    assert report.outputs[0].sample.targets == (2.0,)


def test_pairs_are_drawn_from_all_samples_and_belong_together():
    targets = np.arange(10_000, dtype=np.float32)[:, None]

    report = count(ErrorTally(("0",), 10_000), targets, -targets)

    sample = report.outputs[0].sample
    assert len(sample.targets) == MOST_PAIRS
    assert [-target for target in sample.targets] == list(sample.predictions)
    assert max(sample.targets) > 9_900
    assert min(sample.targets) < 100


def test_pairs_of_the_fifth_output_are_not_kept():
    targets = np.arange(10, dtype=np.float32).reshape(2, 5)

    outputs = count(ErrorTally(tuple("abcde"), 2), targets, targets).outputs

    assert [part.sample is None for part in outputs] == [False] * 4 + [True]


def test_outputs_without_the_offset_are_reported_as_they_are_answered():
    targets = np.array([[1_700_000_000.0], [1_700_000_003.0]])
    outputs = np.array([[-1.0], [1.5]], np.float32)

    report = count(ErrorTally(("at",), 2, (1_700_000_001.0,)), targets, outputs)

    # Answers 1,700,000,000 and 1,700,000,002.5: errors 0 and −0.5; squared distances from the mean 2 · 1.5².
    assert report.mean_absolute_error == 0.25
    assert report.r2_score == pytest.approx(1 - 0.25 / 4.5)
    assert report.outputs[0].sample.targets == (1_700_000_000.0, 1_700_000_003.0)
    assert report.outputs[0].sample.predictions == (1_700_000_000.0, 1_700_000_002.5)


def test_errors_of_whole_numbers_count_the_rounding_of_answers():
    # float64 has every 1,024th number here, so the answer near 2^62 + 3 is 2^62: an error of −3.
    targets = np.array([[2**62 + 3], [2**62 + 2051]])

    report = count(ErrorTally(("id",), 2, (2**62 + 3,)), targets, np.array([[0.0], [2048.0]], np.float32))

    assert report.mean_absolute_error == 3


def test_targets_are_not_rounded_to_float32():
    targets = np.array([[16_777_217.0], [16_777_219.0]])

    report = count(ErrorTally(("0",), 2), targets, np.array([[16_777_216.0], [16_777_220.0]], np.float32))

    assert report.mean_absolute_error == 1
    assert report.r2_score == 0
