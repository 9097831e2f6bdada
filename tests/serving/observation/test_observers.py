import time
from types import SimpleNamespace

import numpy as np
import pytest

from core.observation.stability import Reading
from serving.observation.comparison import NO_REFERENCE, find_drift
from serving.observation.layout import Layout
from serving.observation.observers import Observers


@pytest.fixture
def observers(store):
    return Observers(store, 1000)


@pytest.fixture
def loaded(signature):
    return SimpleNamespace(signature=signature)


def test_rows_are_counted_and_stored(observers, store, loaded, draw):
    observer = observers.of("irises", 3, loaded)
    for _ in range(300):
        observer.note(*draw(1))
    observer.note(*draw(64))
    observers.count()
    observers.flush()
    counts = store.counts["irises", 3]
    assert (counts.num_rows, counts.num_watched) == (364, 364)
    assert [column.num_rows for column in (*counts.inputs, *counts.outputs)] == [364] * 4


def test_what_is_stored_is_what_came_since_the_last_time(observers, store, loaded, draw):
    for num_rows in (5, 7):
        observers.of("irises", 3, loaded).note(*draw(num_rows))
        observers.count()
        observers.count()
        observers.flush()
        observers.flush()
    assert (store.counts["irises", 3].num_rows, store.counts["irises", 3].num_watched) == (12, 12)
    assert store.num_reads == 1


def test_rows_beyond_the_rate_are_counted_without_a_look(store, loaded, draw):
    observers = Observers(store, 10)
    for _ in range(50):
        observers.of("irises", 3, loaded).note(*draw(1))
    observers.count()
    observers.flush()
    assert (store.counts["irises", 3].num_rows, store.counts["irises", 3].num_watched) == (50, 10)


def test_counts_are_kept_while_the_database_is_down(observers, store, loaded, draw):
    observers.of("irises", 3, loaded).note(*draw(5))
    store.is_down = True
    observers.count()
    observers.flush()
    store.is_down = False
    observers.count()
    store.is_down = True
    observers.flush()
    store.is_down = False
    observers.of("irises", 3, loaded).note(*draw(2))
    observers.count()
    observers.flush()
    assert (store.counts["irises", 3].num_rows, store.counts["irises", 3].num_watched) == (7, 7)


def test_versions_and_models_are_counted_apart(observers, store, loaded, draw):
    for key, num_rows in ((("irises", 1), 1), (("irises", 2), 2), (("roses", 1), 3)):
        observers.of(*key, loaded).note(*draw(num_rows))
    observers.count()
    observers.flush()
    assert {key: counts.num_rows for key, counts in store.counts.items()} == {
        ("irises", 1): 1,
        ("irises", 2): 2,
        ("roses", 1): 3,
    }
    assert observers.of("irises", 1, loaded) is observers.of("irises", 1, loaded)


def test_rows_of_different_lengths_are_counted(store, signature):
    free = signature.model_copy(
        update={
            "input_kind": "tensor",
            "columns": (),
            "input": signature.input.model_copy(update={"shape": (-1,)}),
        }
    )
    store.reference = None
    observers = Observers(store, 1000)
    for length in (1, 3, 3, 7):
        observers.of("series", 1, SimpleNamespace(signature=free)).note(
            {"inputs": np.ones((2, length), np.float32)}, {"outputs": np.ones((2, 2), np.float32)}
        )
    observers.count()
    observers.flush()
    assert store.counts["series", 1].num_watched == 8


def test_a_summary_that_is_damaged_is_as_none(observers, store, loaded, draw, signature):
    store.is_corrupt = True
    observers.of("irises", 3, loaded).note(*draw(5))
    observers.count()
    observers.flush()
    assert store.counts["irises", 3].layout == Layout.of(signature, None).fingerprint


def test_rows_that_cannot_be_counted_disturb_no_others(observers, store, loaded, draw, caplog):
    observers.of("broken", 1, loaded).note({"inputs": np.ones((1, 1))}, {"outputs": np.ones((1, 2))})
    observers.of("irises", 3, loaded).note(*draw(5))
    for _ in range(2):
        observers.of("broken", 1, loaded).note(*draw(5))
        observers.count()
    observers.flush()
    assert store.counts["irises", 3].num_watched == 5
    assert (store.counts["broken", 1].num_rows, store.counts["broken", 1].num_watched) == (11, 0)
    assert caplog.text.count("broken version 1 are not counted") == 1


def test_idle_observers_are_dropped(observers, loaded, draw, monkeypatch):
    observer = observers.of("irises", 3, loaded)
    observer.note(*draw(5))
    observers.count()
    observers.flush()
    assert observers.of("irises", 3, loaded) is observer
    now = time.monotonic()
    monkeypatch.setattr("serving.observation.observers.time.monotonic", lambda: now + 601)
    observers.flush()
    assert observers.of("irises", 3, loaded) is not observer


def test_the_thread_stores_what_is_left_when_it_ends(observers, store, loaded, draw):
    observers.start()
    observers.of("irises", 3, loaded).note(*draw(5))
    observers.stop()
    assert store.counts["irises", 3].num_watched == 5
    observers.stop()


def test_without_a_rate_nothing_is_observed(store, loaded, draw):
    observers = Observers(store, 0)
    observers.start()
    observers.of("irises", 3, loaded).note(*draw(5))
    observers.stop()
    assert store.counts == {}


def serve(observers, loaded, draw, num_rows, **options):
    for _ in range(num_rows // 50):
        observers.of("irises", 3, loaded).note(*draw(50, **options))
        observers.count()
    observers.flush()


def test_rows_like_those_of_training_are_stable(observers, store, loaded, draw, signature, reference):
    serve(observers, loaded, draw, 2000)
    drift = find_drift(signature, reference, [store.counts["irises", 3]])
    assert [column.name for column in (*drift.inputs, *drift.outputs)] == ["x", "y", "class", "confidence"]
    assert [column.stability.reading for column in (*drift.inputs, *drift.outputs)] == [Reading.STABLE] * 4
    assert (drift.num_rows, drift.num_watched, drift.num_left_out, drift.reason) == (2000, 2000, 0, "")


def test_other_rows_have_shifted(observers, store, loaded, draw, signature, reference):
    serve(observers, loaded, draw, 2000, shift=1.0)
    drift = find_drift(signature, reference, [store.counts["irises", 3]])
    assert [column.stability.reading for column in (*drift.inputs, drift.outputs[0])] == [Reading.SHIFTED] * 3
    assert drift.inputs[0].served.moments.mean == pytest.approx(1, abs=0.1)


def test_counts_of_several_processes_and_hours_add_up(store, loaded, draw, signature, reference):
    for _ in range(3):
        serve(Observers(store, 1000), loaded, draw, 100)
    assert find_drift(signature, reference, [store.counts["irises", 3]] * 2).num_watched == 600


def test_without_a_summary_rows_are_counted_in_standard_bins(store, loaded, draw, signature):
    store.reference = None
    serve(Observers(store, 1000), loaded, draw, 200)
    drift = find_drift(signature, None, [store.counts["irises", 3]])
    assert drift.reason == NO_REFERENCE
    assert [column.stability for column in drift.inputs] == [None, None]
    assert drift.inputs[0].served.num_rows == 200
    assert sum(1 for number in drift.inputs[0].served.bins if number) > 10


def test_few_rows_are_not_compared(observers, store, loaded, draw, signature, reference):
    serve(observers, loaded, draw, 50)
    drift = find_drift(signature, reference, [store.counts["irises", 3]])
    assert drift.inputs[0].stability is None
    assert drift.reason == "50 served rows were looked at; a comparison needs 100."


def test_counts_of_another_layout_count_rows_alone(signature, reference, store, loaded, draw):
    serve(Observers(store, 1000), loaded, draw, 100)
    other = store.counts["irises", 3].model_copy(update={"layout": "other"})
    drift = find_drift(signature, reference, [other])
    assert (drift.num_rows, drift.num_watched) == (100, 0)


def test_columns_left_out_of_a_summary_are_named_in_number(signature, reference, draw):
    short = reference.model_copy(update={"inputs": reference.inputs[:1], "num_left_out": 1})
    layout = Layout.of(signature, short)
    counts = layout.count(*draw(3))
    assert len(counts.inputs) == 1
    drift = find_drift(signature, short, [counts])
    assert (drift.num_left_out, [column.name for column in drift.inputs]) == (1, ["x"])


def test_columns_of_several_inputs_are_named_after_them(signature):
    several = signature.model_copy(
        update={
            "input_kind": "tensor",
            "columns": (),
            "other_inputs": (signature.input.model_copy(update={"name": "mask", "shape": (2, 2)}),),
        }
    )
    layout = Layout.of(several, None)
    assert [name for name, _ in layout.input_columns] == [
        *("inputs input 0", "inputs input 1"),
        *("mask mean", "mask std", "mask min", "mask max"),
    ]
    counts = layout.count({"inputs": np.ones((1, 2)), "mask": np.ones((1, 2, 2))}, {"outputs": np.ones((1, 2))})
    assert [column.num_rows for column in counts.inputs] == [1] * 6
