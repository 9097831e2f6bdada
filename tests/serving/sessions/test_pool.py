import asyncio
import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.errors import Unavailable
from serving.sessions.pool import ModelPool


class Model:
    def __init__(self, name, num_bytes=1):
        self.name = name
        self.num_bytes = num_bytes


class Clock:
    """Clock that is moved by hand."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Loader:
    """Loader that can be blocked, and counts its calls."""

    def __init__(self, name="model", num_bytes=1, *, error=None, blocked=False):
        self.name = name
        self.num_bytes = num_bytes
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
        return Model(self.name, self.num_bytes)


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


def test_a_failed_load_is_tried_again_after_a_pause():
    clock = Clock()
    pool = ModelPool(2, clock=clock)
    broken = Loader(error=OSError("disk"))
    for _ in range(3):
        with pytest.raises(OSError, match="disk"):
            pool.get("a", broken)
    assert broken.num_calls == 1
    clock.now += 1
    assert pool.get("a", Loader("second")).name == "second"


def test_the_pause_after_each_failure_is_longer_and_ends_with_a_success():
    clock = Clock()
    pool = ModelPool(2, clock=clock)
    broken = Loader(error=OSError("disk"))
    for pause in (1, 2, 4, 8, 16, 30, 30):
        before = broken.num_calls
        for moment in (0, pause - 0.5):
            clock.now += moment
            with pytest.raises(OSError, match="disk"):
                pool.get("a", broken)
        assert broken.num_calls == before + 1
        clock.now += 0.5
    assert pool.get("a", Loader("good")).name == "good"
    pool.evict("a")
    with pytest.raises(OSError, match="disk"):
        pool.get("a", broken)
    clock.now += 1
    assert pool.get("a", Loader("good")).name == "good"


def test_a_failure_of_one_model_does_not_delay_another():
    pool = ModelPool(2, clock=Clock())
    with pytest.raises(OSError, match="disk"):
        pool.get("a", Loader(error=OSError("disk")))
    assert pool.get("b", Loader("b")).name == "b"


def test_an_error_raised_many_times_does_not_grow():
    pool = ModelPool(2, clock=Clock())
    depths = []
    for _ in range(50):
        with pytest.raises(OSError, match="disk") as caught:
            pool.get("a", Loader(error=OSError("disk")))
        depths.append(len(caught.traceback))
    assert max(depths[1:]) == depths[1]


def test_failures_of_long_ago_are_forgotten():
    clock = Clock()
    pool = ModelPool(2, clock=clock)
    for number in range(100):
        with pytest.raises(OSError, match="disk"):
            pool.get(number, Loader(error=OSError("disk")))
        clock.now += 10
    assert len(pool._failures) < 10


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


def test_models_are_dropped_until_the_memory_suffices():
    pool = ModelPool(10, 100)
    for name, size in (("a", 30), ("b", 30), ("c", 30)):
        pool.get(name, Loader(name, size))
    assert pool.num_bytes == 90
    pool.find("a")
    pool.get("d", Loader("d", 60))
    assert [name for name in "abcd" if pool.find(name)] == ["a", "d"]
    assert pool.num_bytes == 90


def test_a_model_larger_than_all_memory_is_kept_alone():
    pool = ModelPool(10, 100)
    pool.get("a", Loader("a", 30))
    large = pool.get("large", Loader("large", 1000))
    assert pool.find("large") is large
    assert len(pool) == 1
    pool.get("b", Loader("b", 30))
    assert pool.find("large") is None
    assert pool.num_bytes == 30


def test_a_pinned_model_is_never_dropped():
    pool = ModelPool(2, 100)
    pool.pin("a")
    first = pool.get("a", Loader("a", 60))
    pool.get("b", Loader("b", 60))
    pool.get("c", Loader("c", 60))
    assert pool.find("a") is first
    assert pool.find("b") is None
    assert pool.find("c") is not None
    pool.unpin("a")
    assert pool.find("a") is None
    assert pool.num_bytes == 60


def test_pinned_models_beyond_the_limits_leave_room_for_one_more():
    pool = ModelPool(1)
    for name in "ab":
        pool.pin(name)
        pool.get(name, Loader(name))
    for name in "cd":
        assert pool.get(name, Loader(name)).name == name
    assert [name for name in "abcd" if pool.find(name)] == ["a", "b", "d"]


def test_unpinning_an_unknown_model_changes_nothing():
    pool = ModelPool(1)
    model = pool.get("a", Loader("a"))
    pool.unpin("b")
    assert pool.find("a") is model


async def _obtain_while_blocked(pool, loader):
    """Ask 50 times for a model that is loading; the loop and other models go on."""
    waiting = [asyncio.create_task(pool.obtain("slow", loader)) for _ in range(50)]
    assert await asyncio.to_thread(loader.has_begun.wait, 10)
    other = await pool.obtain("fast", Loader("fast"))
    waiting[0].cancel()
    loader.may_end.set()
    return other, await asyncio.gather(*waiting, return_exceptions=True)


def test_an_event_loop_waits_for_a_load_without_threads():
    pool = ModelPool(4)
    loader = Loader("slow", blocked=True)
    other, (first, *models) = asyncio.run(_obtain_while_blocked(pool, loader))
    assert other.name == "fast"
    assert isinstance(first, asyncio.CancelledError)
    assert {model.name for model in models} == {"slow"}
    assert loader.num_calls == 1
    assert asyncio.run(pool.obtain("slow", never)) is models[0]


def test_a_failed_load_is_raised_for_all_who_wait_in_an_event_loop():
    pool = ModelPool(4, clock=Clock())
    loader = Loader(error=OSError("disk"), blocked=True)
    _, errors = asyncio.run(_obtain_while_blocked(pool, loader))
    assert [type(error) for error in errors] == [asyncio.CancelledError] + 49 * [OSError]
    with pytest.raises(OSError, match="disk"):
        asyncio.run(pool.obtain("slow", never))


def test_a_closed_pool_has_dropped_all_and_starts_no_loads():
    pool = ModelPool(4)
    pool.pin("a")
    pool.get("a", Loader("a"))
    pool.close()
    assert pool.find("a") is None
    for _ in range(2):
        with pytest.raises(Unavailable, match="shutting down"):
            asyncio.run(pool.obtain("b", never))


def test_a_pool_of_size_0_is_rejected():
    with pytest.raises(ValueError, match="at least 1; got 0"):
        ModelPool(0)


def test_a_look_at_a_model_is_no_use_of_it():
    pool = ModelPool(2)
    first = pool.get("a", Loader())
    pool.get("b", Loader())
    assert pool.peek("a") is first
    pool.get("c", Loader())
    assert pool.peek("a") is None
    assert pool.peek("b") is not None


def test_a_pool_knows_which_models_it_loads():
    pool, loader = ModelPool(2), Loader(blocked=True)
    with ThreadPoolExecutor() as threads:
        loading = threads.submit(pool.get, "a", loader)
        loader.has_begun.wait(10)
        assert pool.is_loading("a")
        assert not pool.is_loading("b")
        loader.may_end.set()
        assert loading.result() is pool.peek("a")
    assert not pool.is_loading("a")
