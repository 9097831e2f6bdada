import asyncio
from threading import Event

import pytest

from api.bounded_threads import BoundedThreads
from core.errors import ServerBusy


@pytest.fixture
def threads():
    made = BoundedThreads("test", num_threads=1, max_waiting=1)
    yield made
    made.close()


def test_the_value_or_the_error_of_the_function_is_returned(threads):
    async def ask():
        assert await threads.run(lambda: 3, "busy") == 3
        with pytest.raises(ZeroDivisionError):
            await threads.run(lambda: 1 / 0, "busy")
        return await threads.run(lambda: 4, "busy")

    assert asyncio.run(ask()) == 4


def test_one_too_many_is_refused_and_later_ones_are_not(threads):
    async def ask():
        is_over = Event()
        tasks = [asyncio.create_task(threads.run(is_over.wait, "busy")) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(ServerBusy, match="busy"):
            await threads.run(is_over.wait, "busy")
        is_over.set()
        await asyncio.gather(*tasks)
        return await threads.run(lambda: 5, "busy")

    assert asyncio.run(ask()) == 5


def test_a_client_that_is_gone_still_counts_until_the_thread_is_done(threads):
    async def ask():
        is_over = Event()
        tasks = [asyncio.create_task(threads.run(is_over.wait, "busy")) for _ in range(2)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await tasks[0]
        with pytest.raises(ServerBusy):
            await threads.run(lambda: 1, "busy")
        is_over.set()
        await tasks[1]
        await asyncio.sleep(0)
        return await threads.run(lambda: 6, "busy")

    assert asyncio.run(ask()) == 6
