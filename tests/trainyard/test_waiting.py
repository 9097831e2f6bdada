import time

import pytest

from trainyard.errors import WaitTimedOut
from trainyard.resources.runs import RunSnapshot
from trainyard.waiting import Wait, poll_seconds


@pytest.fixture
def clock(monkeypatch):
    """A clock that tests move."""

    class Clock:
        now = 1000.0

    monkeypatch.setattr(time, "monotonic", lambda: Clock.now)
    return Clock


@pytest.fixture
def running(run_document):
    return RunSnapshot.from_json(run_document("running"))


@pytest.mark.parametrize(("elapsed", "expected"), [(0, 0.05), (1, 0.05), (10, 0.5), (20, 1.0), (3600, 1.0)])
def test_poll_pause_is_a_twentieth_of_the_time_waited_within_its_bounds(elapsed, expected):
    assert poll_seconds(elapsed) == pytest.approx(expected)


def test_no_pause_follows_the_end(run_document):
    assert Wait(0, 60).pause_after(RunSnapshot.from_json(run_document("failed"))) is None


def test_the_last_look_is_when_the_time_is_over(clock, running):
    waiting = Wait(100, 60)
    clock.now += 99.75
    assert waiting.pause_after(running) == pytest.approx(0.25)
    clock.now += 0.25
    with pytest.raises(WaitTimedOut, match="still running after 100 s"):
        waiting.pause_after(running)


def test_a_look_takes_no_longer_than_the_time_left(clock):
    waiting = Wait(100, 60)
    assert (waiting.answer_seconds, waiting.retry_seconds) == (100, 60)
    clock.now += 90
    assert (waiting.answer_seconds, waiting.retry_seconds) == (10, 10)
    clock.now += 20
    assert (waiting.answer_seconds, waiting.retry_seconds) == (1, 1)


def test_without_a_timeout_a_look_takes_what_it_takes(clock, running):
    waiting = Wait(None, 60)
    clock.now += 1e6
    assert (waiting.answer_seconds, waiting.retry_seconds, waiting.pause_after(running)) == (None, 60, 1.0)
