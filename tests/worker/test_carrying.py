import threading

import pytest

from core.errors import AttemptFenced, DatabaseUnavailable, StorageUnavailable
from db.attempts import Heartbeat
from worker.carrying import CarryingStopped, carry

HEARTBEAT = Heartbeat(cancel_requested=False)


@pytest.fixture
def hasty(settings, monkeypatch):
    monkeypatch.setattr("worker.carrying.RETRY_SECONDS", 0.02)
    return settings.model_copy(update={"heartbeat_seconds": 0.05})


class Renewals:
    """Counts renewals, and says what there is to say to each."""

    def __init__(self, error=None, heartbeat=HEARTBEAT):
        self.number = 0
        self.third = threading.Event()
        self._error, self._heartbeat = error, heartbeat

    def __call__(self):
        self.number += 1
        if self.number == 3:
            self.third.set()
        if self._error is not None:
            raise self._error
        return self._heartbeat


def test_work_that_ends_at_once_needs_no_heartbeat(hasty):
    renew = Renewals()
    assert carry(lambda: "done", renew, hasty) == "done"
    assert renew.number == 0


def test_work_is_repeated_until_the_store_answers_and_the_lease_is_renewed_meanwhile(hasty):
    renew = Renewals()
    tries = []

    def work():
        tries.append(1)
        if not renew.third.is_set():
            raise StorageUnavailable("The store does not answer.")
        return len(tries)

    assert carry(work, renew, hasty) >= 2
    assert renew.number >= 3


def test_the_lease_is_renewed_while_a_request_waits(hasty):
    renew = Renewals()
    assert carry(lambda: renew.third.wait(20), renew, hasty)


def test_a_database_that_is_away_ends_nothing(hasty):
    renew = Renewals(DatabaseUnavailable("The database does not answer."))
    assert carry(lambda: renew.third.wait(20), renew, hasty)


def test_without_patience_the_store_is_asked_once(hasty):
    tries = []

    def work():
        tries.append(1)
        raise StorageUnavailable("The store does not answer.")

    with pytest.raises(StorageUnavailable):
        carry(work, Renewals(), hasty, patience_seconds=0.0)
    assert len(tries) == 1


def test_patience_is_that_of_a_repair(hasty):
    def work():
        raise StorageUnavailable("The store does not answer.")

    with pytest.raises(StorageUnavailable):
        carry(work, Renewals(), hasty.model_copy(update={"repair_timeout_seconds": 0.2}))


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyError("a mistake")])
def test_other_errors_are_raised_here(hasty, error):
    def work():
        raise error

    with pytest.raises(type(error)):
        carry(work, Renewals(), hasty)


def test_who_is_fenced_waits_no_longer(hasty):
    is_fenced = threading.Event()
    with pytest.raises(AttemptFenced):
        carry(lambda: is_fenced.wait(20), Renewals(AttemptFenced("Another attempt owns it.")), hasty)
    is_fenced.set()


def test_work_that_nobody_needs_any_more_is_left_and_not_repeated(hasty):
    renew = Renewals(heartbeat=Heartbeat(cancel_requested=True))
    tries = []

    def work():
        tries.append(1)
        raise StorageUnavailable("The store does not answer.")

    def is_over(heartbeat):
        return heartbeat is not None and heartbeat.cancel_requested

    with pytest.raises(CarryingStopped):
        carry(work, renew, hasty, is_over=is_over)
    for thread in threading.enumerate():
        if thread.name == "storage":
            thread.join(10)
    num_tries = len(tries)
    threading.Event().wait(0.1)
    assert len(tries) == num_tries
