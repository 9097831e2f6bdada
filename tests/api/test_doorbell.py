import logging
import threading

import pytest

from api.doorbell import DoorbellRinger
from core.errors import BrokerUnavailable

DOWN = BrokerUnavailable("The message broker does not take messages (refused).")


@pytest.fixture
def rung(monkeypatch):
    """Replaces `ring_doorbell` with a given result for each call, and counts the calls."""

    class Doorbell:
        outcomes: list = []  # noqa: RUF012 - one per test: the fixture makes the class anew.
        calls = threading.Semaphore(0)
        may_go_on = threading.Event()

        def wait(self, times):
            for _ in range(times):
                assert self.calls.acquire(timeout=30)

    doorbell = Doorbell()
    doorbell.may_go_on.set()

    def ring(_app):
        doorbell.calls.release()
        assert doorbell.may_go_on.wait(30)
        outcome = doorbell.outcomes.pop(0) if doorbell.outcomes else None
        if outcome is not None:
            raise outcome

    monkeypatch.setattr("jobs.doorbell.ring_doorbell", ring)
    return doorbell


@pytest.fixture
def ringer(settings):
    ringer = DoorbellRinger(settings)
    yield ringer
    ringer.close()


def ring(ringer, times=1, num_trainers=256):
    for _ in range(times):
        ringer.ring(1, num_trainers)


def until(condition):
    for _ in range(3000):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it did not happen")


def test_every_run_is_rung_for(ringer, rung):
    ring(ringer, 3)
    rung.wait(3)
    assert ringer.last_failure is None


def test_each_trainer_is_rung_for_once_however_many_runs_are_submitted(ringer, rung, monkeypatch):
    monkeypatch.setattr("api.doorbell.PAUSE_SECONDS", 3600)
    ringer.ring(1000, 2)
    rung.wait(2)
    ring(ringer, 100, num_trainers=2)
    # Those come at the end of the pause.
    assert not rung.calls.acquire(timeout=0.2)


def test_runs_that_follow_within_a_moment_are_rung_for_at_its_end(ringer, rung, monkeypatch):
    monkeypatch.setattr("api.doorbell.PAUSE_SECONDS", 0.05)
    ring(ringer, num_trainers=1)
    rung.wait(1)
    ring(ringer, 100, num_trainers=1)
    rung.wait(1)
    assert not rung.calls.acquire(timeout=0.2)


def test_asking_never_waits_for_a_ring_under_way(ringer, rung):
    rung.may_go_on.clear()
    ring(ringer)
    rung.wait(1)
    ring(ringer, 100)
    rung.may_go_on.set()
    rung.wait(100)


def test_a_broker_that_is_down_is_asked_once_for_all_that_wait(ringer, rung, caplog):
    rung.may_go_on.clear()
    rung.outcomes[:] = [DOWN]
    with caplog.at_level(logging.WARNING):
        ring(ringer)
        rung.wait(1)
        ring(ringer, 50)
        rung.may_go_on.set()
        until(lambda: ringer.last_failure == DOWN.detail)
        # The fifty were given up with the first: this one is the second that the broker hears of.
        ring(ringer)
        rung.wait(1)
        until(lambda: ringer.last_failure is None)
    assert not rung.calls.acquire(blocking=False)
    assert [record.getMessage() for record in caplog.records] == [
        f"Doorbells fail. {DOWN.detail}",
        "Doorbells work again.",
    ]


def test_an_error_that_nobody_foresaw_does_not_end_the_ringing(ringer, rung):
    rung.outcomes[:] = [ZeroDivisionError()]
    ring(ringer)
    rung.wait(1)
    until(lambda: ringer.last_failure == "ZeroDivisionError")
    ring(ringer)
    rung.wait(1)
    until(lambda: ringer.last_failure is None)


def test_nothing_is_rung_after_the_end(ringer, rung):
    ring(ringer)
    rung.wait(1)
    ringer.close()
    ring(ringer)
    assert not rung.calls.acquire(timeout=0.2)


def test_a_ring_reaches_the_embedded_broker(ringer, settings):
    ring(ringer)
    folder = settings.broker_dir / "messages"
    until(lambda: folder.is_dir() and len(list(folder.glob("*.msg"))) == 1)
