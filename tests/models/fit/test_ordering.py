from itertools import chain

import numpy as np
import pytest

from core.checks.length import measure_length
from core.specs.training import Training
from models.fit.ordering import Ordering

NUM_SAMPLES = 10


def ordering_of(*, seed=1, shuffle=True, **training):
    length = measure_length(Training.model_validate({"loss": "mse", "batch_size": 4, **training}), NUM_SAMPLES)
    return Ordering(length, seed, shuffle=shuffle)


def batches(order):
    return [order.rows[start:stop].tolist() for start, stop in zip(order.offsets, order.offsets[1:], strict=False)]


def test_a_pass_takes_every_sample_once_and_ends_with_what_is_left():
    first, second = (batches(ordering_of(epochs=2).steps(3 * epoch, 3)) for epoch in (0, 1))

    assert [len(batch) for batch in first] == [4, 4, 2]
    assert sorted(chain(*first)) == sorted(chain(*second)) == list(range(NUM_SAMPLES))
    assert first != second


def test_without_shuffling_samples_come_as_they_are_every_time():
    order = ordering_of(epochs=2, shuffle=False).steps(0, 6)

    assert batches(order) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]] * 2


@pytest.mark.parametrize("size", [1, 2, 5, 12])
def test_steps_are_the_same_however_they_are_asked_for(size):
    whole = batches(ordering_of(epochs=4).steps(0, 12))
    asked = ordering_of(epochs=4)

    parts = [batch for start in range(0, 12, size) for batch in batches(asked.steps(start, min(size, 12 - start)))]

    assert parts == whole


def test_a_resumed_fit_goes_on_as_if_it_had_not_stopped():
    whole = batches(ordering_of(epochs=4).steps(0, 12))

    assert batches(ordering_of(epochs=4).steps(7, 5)) == whole[7:]


def test_the_seed_decides_the_order():
    first, again, other = (batches(ordering_of(seed=seed).steps(0, 3)) for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_passes_follow_one_another_without_regard_to_epochs_of_another_length():
    order = ordering_of(steps_per_epoch=2, epochs=3).steps(0, 6)

    # Three steps a pass, two an epoch: the second epoch begins with what the first left over.
    assert sorted(chain(*batches(order)[:3])) == list(range(NUM_SAMPLES))
    assert sorted(chain(*batches(order)[3:])) == list(range(NUM_SAMPLES))
    assert order.begins_epoch.tolist() == [True, False, True, False, True, False]


def test_row_numbers_are_of_the_type_the_graph_takes():
    order = ordering_of().steps(0, 3)

    assert (order.rows.dtype, order.offsets.dtype, order.begins_epoch.dtype) == (np.int32, np.int32, np.bool_)
