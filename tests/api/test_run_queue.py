import asyncio
import logging
import time
from contextvars import ContextVar
from functools import partial

import pytest

from api.run_queue import MAX_RUNS_TOGETHER, RunQueue
from core.errors import DatabaseUnavailable, InvalidSpec
from db import runs, submissions
from db.idempotency import RepeatKey, StoredAnswer
from db.new_runs import NewRun
from db.session import Database
from db.submissions import Submission


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request):
    return request.param


class Doorbell:
    """Counts what it is asked to ring."""

    def __init__(self):
        self.asked = []

    def ring(self, num_runs, num_trainers):
        self.asked.append((num_runs, num_trainers))


@pytest.fixture
def doorbell():
    return Doorbell()


@pytest.fixture
def queue(database, doorbell):
    queue = RunQueue(database, doorbell)
    yield queue
    queue.close()


def submission(seed=0, *, key=None, body="a", num_runs=1, **changes):
    new = NewRun.of(experiment="trials", model_name="adder", spec={"seed": seed}, **changes)

    def answer(records, _waiting_for):
        return StoredAnswer(202, f"/v1/runs/{records[0].id}", str(records[0].id))

    repeat = None if key is None else RepeatKey(key, "POST /v1/runs", body * 64)
    return Submission((new,) * num_runs, answer, repeat)


def _same(submission):
    return submission


def queue_all(queue, *wanted):
    """Queue submissions at once; return the answers and errors in order."""

    async def run():
        return await asyncio.gather(*(queue.queue(partial(_same, one)) for one in wanted), return_exceptions=True)

    return asyncio.run(run())


def list_seeds(database):
    with database.reading() as session:
        return sorted(record.seed for record in runs.list_page(session, limit=1000).items)


@pytest.fixture
def rounds(monkeypatch):
    """Number of submissions of each transaction."""
    sizes = []
    store = submissions.queue_all

    def note(session, together, limits):
        sizes.append(len(together))
        return store(session, together, limits)

    monkeypatch.setattr("db.submissions.queue_all", note)
    return sizes


def test_submissions_at_once_share_transactions_and_rings(queue, database, doorbell, rounds):
    answers = queue_all(queue, *map(submission, range(50)))
    assert len({answer.location for answer in answers}) == 50
    assert list_seeds(database) == list(range(50))
    assert sum(rounds) == 50
    assert len(rounds) < 50
    assert len(doorbell.asked) == len(rounds)


def test_callers_who_come_back_share_the_next_transaction(queue, rounds, monkeypatch):
    monkeypatch.setattr("api.run_queue.PATIENCE", 1000.0)
    monkeypatch.setattr("api.run_queue.MAX_PATIENCE_SECONDS", 1.0)

    async def submit_some(client):
        for number in range(6):
            await queue.queue(lambda number=number: submission(10 * client + number))

    async def run():
        await asyncio.gather(*map(submit_some, range(4)))

    asyncio.run(run())
    assert sum(rounds) == 24
    # The first came alone; the others came while it was stored.
    assert rounds[2:-1] == [4] * len(rounds[2:-1])


def test_one_who_comes_alone_after_many_does_not_wait_for_them(queue, rounds):
    queue_all(queue, *map(submission, range(20)))
    queue_all(queue, submission(20))
    assert rounds[-1] == 1


def test_the_answer_comes_after_the_commit(queue, settings):
    """So a process that is killed right after its answer has lost nothing."""
    other = Database(settings.effective_database_url)

    async def run():
        await queue.queue(lambda: submission(7))
        # In the event loop that has just got the answer, before the queue's thread could do more.
        return list_seeds(other)

    try:
        assert asyncio.run(run()) == [7]
    finally:
        other.dispose()


def test_a_submission_that_is_refused_does_not_affect_the_others(queue, database):
    refused = submission(1, dataset=("flowers", 1))
    first, error, last = queue_all(queue, submission(0), refused, submission(2))
    assert isinstance(error, InvalidSpec)
    assert error.problems[0].pointer == "/spec/dataset"
    assert {type(first), type(last)} == {StoredAnswer}
    assert list_seeds(database) == [0, 2]


def test_one_that_fails_unexpectedly_does_not_affect_the_others(queue, database, caplog, monkeypatch):
    store = submissions.queue_all

    def fail_for_seed_1(session, together, limits):
        stored = store(session, together, limits)
        if any(run.spec["seed"] == 1 for one in together for run in one.runs):
            raise ZeroDivisionError
        return stored

    monkeypatch.setattr("db.submissions.queue_all", fail_for_seed_1)
    with caplog.at_level(logging.ERROR):
        outcomes = queue_all(queue, *map(submission, range(4)))
    assert [type(outcome) for outcome in outcomes] == [StoredAnswer, ZeroDivisionError, StoredAnswer, StoredAnswer]
    assert list_seeds(database) == [0, 2, 3]


def test_the_same_key_at_once_makes_one_run(queue, database):
    answers = queue_all(queue, *(submission(number, key="a") for number in range(8)))
    assert len({answer.body for answer in answers}) == 1
    assert sum(not answer.is_replayed for answer in answers) == 1
    assert len(list_seeds(database)) == 1


def test_the_same_key_with_another_body_is_rejected_and_the_first_is_kept(queue, database):
    first, other = queue_all(queue, submission(0, key="a"), submission(1, key="a", body="b"))
    assert isinstance(first, StoredAnswer)
    assert other.code == "idempotency_mismatch"
    assert list_seeds(database) == [0]


def test_what_was_queued_before_is_answered_even_if_it_would_be_refused_now(queue, database):
    (first,) = queue_all(queue, submission(0, key="a"))
    (again,) = queue_all(queue, submission(0, key="a", dataset=("flowers", 1)))
    assert again.body == first.body
    assert list_seeds(database) == [0]


def test_a_large_submission_does_not_make_others_wait_for_a_larger_transaction(queue, rounds):
    queue_all(queue, *(submission(number, num_runs=MAX_RUNS_TOGETHER) for number in range(3)))
    assert rounds == [1, 1, 1]


def test_a_database_that_is_away_is_an_error_for_each(queue, monkeypatch):
    def fail(_session, _together, _limits):
        raise DatabaseUnavailable("The database does not answer.")

    monkeypatch.setattr("db.submissions.queue_all", fail)
    assert {type(error) for error in queue_all(queue, *map(submission, range(3)))} == {DatabaseUnavailable}
    monkeypatch.undo()
    assert isinstance(queue_all(queue, submission(0))[0], StoredAnswer)


def test_a_request_that_cannot_be_read_does_not_affect_the_others(queue, database):
    async def run():
        return await asyncio.gather(
            *(queue.queue(read) for read in (lambda: submission(0), lambda: 1 / 0, lambda: submission(2))),
            return_exceptions=True,
        )

    first, error, last = asyncio.run(run())
    assert isinstance(error, ZeroDivisionError)
    assert {type(first), type(last)} == {StoredAnswer}
    assert list_seeds(database) == [0, 2]


def test_a_database_that_is_away_is_asked_once_for_all_that_wait(queue):
    asked = []

    def read():
        asked.append(1)
        time.sleep(0.2)
        raise DatabaseUnavailable("The database does not answer.")

    async def run():
        return await asyncio.gather(*(queue.queue(read) for _ in range(10)), return_exceptions=True)

    assert {type(error) for error in asyncio.run(run())} == {DatabaseUnavailable}
    # The first may have been read before the others came.
    assert len(asked) <= 2


def test_a_request_is_read_in_its_own_context(queue, database):
    name = ContextVar("name", default="nobody's")

    async def ask(value):
        name.set(value)
        return await queue.queue(lambda: submission(0, notes=name.get()))

    async def run():
        await asyncio.gather(*(asyncio.create_task(ask(value)) for value in ("Ada's", "Grace's")))

    asyncio.run(run())
    with database.reading() as session:
        assert sorted(record.notes for record in runs.list_page(session, limit=9).items) == ["Ada's", "Grace's"]


def test_a_doorbell_that_fails_does_not_end_the_queue(queue, doorbell, monkeypatch):
    monkeypatch.setattr(doorbell, "ring", lambda *_: 1 / 0)
    assert {type(answer) for answer in queue_all(queue, submission(0)) + queue_all(queue, submission(1))} == {
        StoredAnswer
    }


def test_nothing_is_taken_after_the_end(queue):
    queue_all(queue, submission(0))
    queue.close()
    assert isinstance(queue_all(queue, submission(1))[0], DatabaseUnavailable)


def test_a_caller_that_leaves_does_not_stop_its_submission(queue, database):
    async def leave():
        task = asyncio.create_task(queue.queue(lambda: submission(0)))
        await asyncio.sleep(0)
        task.cancel()

    asyncio.run(leave())
    queue_all(queue, submission(1))
    assert list_seeds(database) == [0, 1]
