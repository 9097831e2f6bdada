import threading

import numpy as np
import pytest

from serving.observation.observer import MOST_ROWS_WHOLE, ByteBudget, Observer


@pytest.fixture
def make_observer(signature):
    def make(rows_per_second=10, num_bytes=10**6):
        return Observer("irises", 3, signature, rows_per_second, ByteBudget(num_bytes))

    return make


def batch(num_rows, start=0):
    rows = np.arange(start, start + num_rows, dtype=np.float32)
    return {"inputs": np.stack([rows, rows], axis=1)}, {"outputs": np.stack([rows, -rows], axis=1)}


def kept_rows(observer):
    return [int(row) for inputs, _ in observer.take() for row in inputs["inputs"][:, 0]]


def test_rows_are_kept_up_to_the_rate_and_all_are_counted(make_observer):
    observer = make_observer(rows_per_second=10)
    for number in range(25):
        observer.note(*batch(1, number))
    assert observer.num_rows == 25
    assert kept_rows(observer) == list(range(10))
    # Once they are taken there is room again.
    observer.note(*batch(1, 99))
    assert kept_rows(observer) == [99]


def test_small_batches_are_kept_without_a_copy(make_observer):
    observer = make_observer()
    inputs, outputs = batch(3)
    observer.note(inputs, outputs)
    ((kept, answers),) = observer.take()
    assert kept["inputs"] is inputs["inputs"]
    assert answers["outputs"] is outputs["outputs"]


@pytest.mark.parametrize(("num_rows", "rate"), [(10_000, 50), (10_000, 500), (65, 200), (11, 10)])
def test_rows_of_a_large_batch_are_spread_over_it(make_observer, num_rows, rate):
    observer = make_observer(rows_per_second=rate)
    inputs, outputs = batch(num_rows)
    observer.note(inputs, outputs)
    ((kept, answers),) = observer.take()
    rows = kept["inputs"][:, 0]
    assert 1 <= len(rows) <= min(rate, MOST_ROWS_WHOLE)
    assert len(set(np.diff(rows).tolist())) <= 1
    assert rows[-1] + np.diff(rows)[:1].sum() >= num_rows
    # Answers are those of the same rows, and the whole batch is not kept in memory.
    np.testing.assert_array_equal(answers["outputs"][:, 0], rows)
    assert kept["inputs"].base is None
    assert observer.num_rows == num_rows


def test_memory_of_kept_rows_is_bounded(make_observer):
    observer = make_observer(rows_per_second=1000, num_bytes=100)
    for number in range(50):
        observer.note(*batch(1, number))
    # 8 bytes a row.
    assert len(kept_rows(observer)) == 12
    assert observer.num_kept_bytes == 0


def test_a_closed_observer_keeps_nothing(make_observer):
    observer = make_observer()
    observer.close()
    observer.note(*batch(1))
    observer.take()
    observer.note(*batch(1))
    assert (kept_rows(observer), observer.num_rows) == ([], 2)


def test_a_rate_of_none_keeps_nothing(make_observer):
    observer = make_observer(rows_per_second=0)
    observer.note(*batch(5))
    assert (kept_rows(observer), observer.num_rows) == ([], 5)


def test_threads_may_note_at_once(make_observer):
    observer = make_observer(rows_per_second=100)

    def note():
        for number in range(500):
            observer.note(*batch(1, number))

    threads = [threading.Thread(target=note) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 100 <= len(kept_rows(observer)) <= 104
