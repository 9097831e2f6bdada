import asyncio

import pytest

from serving.sessions.threads import CALM_REQUESTS, PROBED_REQUESTS, BatchThreads


class Calls:
    """Requests that wait, each for some microseconds."""

    def __init__(self, *microseconds):
        self.microseconds = microseconds
        self.place = None

    def estimate_waiting(self):
        return len(self.microseconds), sum(self.microseconds) * 1e-6

    def call_here(self):
        self.place = "here"

    def call_in_thread(self):
        self.place = "thread"


@pytest.fixture
def threads():
    """A hop takes 20 microseconds."""
    made = BatchThreads(1)
    yield made
    made.close()


def plan(threads, *all_calls):
    """Return where calls are made that have come together."""

    async def main():
        for calls in all_calls:
            threads.plan(asyncio.get_running_loop(), calls)
        assert all(calls.place is None for calls in all_calls)
        await asyncio.sleep(0)

    asyncio.run(main())
    return [calls.place for calls in all_calls]


def test_the_price_of_a_thread_is_measured_once(threads):
    threads.measure()
    measured = threads.hop_seconds
    assert 0 < measured <= 60e-6
    threads.close()
    threads.measure()
    assert threads.hop_seconds == measured


def test_a_single_request_is_computed_here_up_to_half_a_millisecond(threads):
    assert plan(threads, Calls(490)) == ["here"]
    assert plan(threads, Calls(510)) == ["thread"]


def test_requests_together_are_computed_here_up_to_six_hops(threads):
    assert plan(threads, Calls(50, 60)) == ["here"]
    assert plan(threads, Calls(60, 70)) == ["thread"]


def test_requests_for_several_networks_count_together(threads):
    assert plan(threads, Calls(50), Calls(60)) == ["here", "here"]
    assert plan(threads, Calls(60), Calls(70)) == ["thread", "thread"]


def test_a_request_that_comes_alone_is_computed_at_once_but_for_a_few(threads):
    at_once = [threads.is_inline(400e-6) for _ in range(2 * PROBED_REQUESTS)]
    assert at_once.count(False) == 2
    assert not threads.is_inline(600e-6)


def test_the_shortest_calls_are_made_at_once_even_among_others(threads):
    plan(threads, Calls(50, 60))
    assert all(threads.is_inline(11e-6) for _ in range(100))
    assert not any(threads.is_inline(13e-6) for _ in range(100))


def test_requests_come_alone_again_after_a_few_without_company(threads):
    plan(threads, Calls(50, 60))
    for _ in range(CALM_REQUESTS):
        assert not threads.is_inline(50e-6)
        plan(threads, Calls(50))
    assert threads.is_inline(50e-6)


def test_company_in_between_keeps_requests_together(threads):
    for _ in range(3):
        plan(threads, Calls(50, 60))
        for _ in range(CALM_REQUESTS - 1):
            plan(threads, Calls(50))
        assert not threads.is_inline(50e-6)


def test_a_request_joins_one_that_waits(threads):
    async def main():
        threads.plan(asyncio.get_running_loop(), Calls(50))
        joins = not threads.is_inline(50e-6)
        await asyncio.sleep(0)
        return joins, threads.is_inline(50e-6)

    assert asyncio.run(main()) == (True, True)


def test_without_time_on_the_event_loop_all_is_computed_in_threads():
    threads = BatchThreads(1, longest_inline_seconds=0)
    assert not threads.is_inline(1e-9)
    assert plan(threads, Calls(1)) == ["thread"]
