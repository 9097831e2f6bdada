import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from serving.sessions.pool import ModelPool


class Model:
    def __init__(self, name):
        self.name = name


class Loader:
    """Loader that can be blocked, and counts its calls."""

    def __init__(self, name="model", *, error=None, blocked=False):
        self.name = name
        self.error = error
        self.num_calls = 0
        self.has_begun = threading.Event()
        self.may_end = threading.Event()
        if not blocked:
            self.may_end.set()

    def __call__(self):
        self.num_calls += 1
        self.has_begun.set()
        assert self.may_end.wait(10)
        if self.error is not None:
            raise self.error
        return Model(self.name)


def never():
    raise AssertionError("This model was loaded already.")


def test_a_model_is_loaded_once_and_then_found():
    pool = ModelPool(2)
    loader = Loader()
    first = pool.get("a", loader)
    assert pool.get("a", never) is first
    assert pool.find("a") is first
    assert loader.num_calls == 1


def test_find_does_not_load():
    assert ModelPool(2).find("a") is None


def test_the_least_recently_used_model_is_dropped():
    pool = ModelPool(2)
    first = pool.get("a", Loader("a"))
    pool.get("b", Loader("b"))
    pool.get("a", never)
    pool.get("c", Loader("c"))
    assert pool.find("a") is first
    assert pool.find("b") is None
    assert len(pool) == 2


def test_finding_a_model_counts_as_using_it():
    pool = ModelPool(2)
    pool.get("a", Loader("a"))
    pool.get("b", Loader("b"))
    pool.find("a")
    pool.get("c", Loader("c"))
    assert pool.find("a") is not None
    assert pool.find("b") is None


def test_requests_that_come_while_a_model_loads_wait_for_the_one_load():
    pool = ModelPool(2)
    loader = Loader(blocked=True)
    with ThreadPoolExecutor(8) as threads:
        futures = [threads.submit(pool.get, "a", loader) for _ in range(8)]
        assert loader.has_begun.wait(10)
        assert pool.find("a") is None
        loader.may_end.set()
        models = [future.result(10) for future in futures]
    assert loader.num_calls == 1
    assert all(model is models[0] for model in models)


def test_a_slow_load_does_not_delay_other_models():
    pool = ModelPool(2)
    slow = Loader("slow", blocked=True)
    with ThreadPoolExecutor(1) as threads:
        future = threads.submit(pool.get, "slow", slow)
        assert slow.has_begun.wait(10)
        assert pool.get("fast", Loader("fast")).name == "fast"
        slow.may_end.set()
        assert future.result(10).name == "slow"


def test_a_failed_load_is_tried_again():
    pool = ModelPool(2)
    with pytest.raises(OSError, match="disk"):
        pool.get("a", Loader(error=OSError("disk")))
    assert pool.get("a", Loader("second")).name == "second"


def test_all_who_waited_for_a_failed_load_get_its_error():
    pool = ModelPool(2)
    loader = Loader(error=OSError("disk"), blocked=True)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(pool.get, "a", loader)
        assert loader.has_begun.wait(10)
        (waiting,) = pool._loading.values()
        is_waiting = threading.Event()
        wait_for_result = waiting.result
        waiting.result = lambda: (is_waiting.set(), wait_for_result())[1]
        second = threads.submit(pool.get, "a", never)
        assert is_waiting.wait(10)
        loader.may_end.set()
        for future in (first, second):
            with pytest.raises(OSError, match="disk"):
                future.result(10)


def test_an_evicted_model_is_loaded_anew():
    pool = ModelPool(2)
    old = pool.get("a", Loader("old"))
    assert pool.evict("a") is True
    assert pool.find("a") is None
    assert pool.get("a", Loader("new")).name == "new"
    assert old.name == "old"


def test_evicting_an_unknown_model_returns_false():
    assert ModelPool(2).evict("a") is False


def test_a_model_evicted_while_it_loads_is_returned_but_not_kept():
    pool = ModelPool(2)
    loader = Loader("old", blocked=True)
    with ThreadPoolExecutor(1) as threads:
        future = threads.submit(pool.get, "a", loader)
        assert loader.has_begun.wait(10)
        assert pool.evict("a") is True
        new = pool.get("a", Loader("new"))
        loader.may_end.set()
        assert future.result(10).name == "old"
    assert pool.find("a") is new


def test_a_dropped_model_lives_as_long_as_the_request_that_holds_it():
    pool = ModelPool(1)
    held = pool.get("a", Loader("a"))
    reference = weakref.ref(held)
    pool.get("b", Loader("b"))
    gc.collect()
    assert reference() is held
    del held
    gc.collect()
    assert reference() is None


def test_an_evicted_network_still_answers_the_request_under_way(line, predict):
    pool = ModelPool(1)
    model = pool.get("line", lambda: line)
    pool.evict("line")
    assert predict(model, {"instances": [[3]]}) == {"predictions": [[7.0]]}


def test_many_threads_on_a_small_pool_each_get_the_model_they_asked_for():
    pool = ModelPool(3)

    def ask(number):
        name = f"model {number % 7}"
        return pool.get(name, lambda: Model(name)).name == name

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(ask, range(2000)))
    assert len(pool) == 3


def test_a_pool_of_size_0_is_rejected():
    with pytest.raises(ValueError, match="at least 1; got 0"):
        ModelPool(0)
