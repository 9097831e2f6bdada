import pytest

from core.errors import IdempotencyInFlight, IdempotencyMismatch, InvalidInput
from db import idempotency, runs

ROUTE = "POST /v1/runs"


def submit(database, key="k", body="a", route=ROUTE):
    """Handle a POST as the API does; return the answer."""
    with database.transaction() as session:
        answer = idempotency.begin(session, key=key, route=route, body_sha256=body * 64)
        if answer is None:
            run = runs.create(session, experiment="trials", model_name="adder", spec={})
            answer = {"status": 202, "body": {"id": str(run.id), "loss": None}}
            idempotency.complete(session, key=key, route=route, answer=answer)
    return answer


def count_runs(database):
    with database.reading() as session:
        return sum(runs.count_by_state(session).values())


def test_repeated_request_gets_the_first_answer_and_makes_one_run(database):
    assert submit(database) == submit(database)
    assert count_runs(database) == 1


def test_other_keys_and_other_routes_are_other_requests(database):
    submit(database)
    submit(database, key="other")
    submit(database, route="POST /v1/others")
    assert count_runs(database) == 3


def test_same_key_with_another_body_is_rejected(database):
    submit(database)
    with pytest.raises(IdempotencyMismatch, match="another body"):
        submit(database, body="b")


def test_key_of_a_failed_request_is_free_again(database):
    def fail():
        with database.transaction() as session:
            idempotency.begin(session, key="k", route=ROUTE, body_sha256="a" * 64)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    submit(database)
    assert count_runs(database) == 1


def test_key_that_was_taken_but_not_answered_is_in_flight(database):
    with database.transaction() as session:
        assert idempotency.begin(session, key="k", route=ROUTE, body_sha256="a" * 64) is None
    with pytest.raises(IdempotencyInFlight):
        submit(database)


def test_same_request_many_times_at_once_makes_one_run(database, at_once):
    answers = at_once(*[lambda: submit(database)] * 12)
    assert all(answer == answers[0] for answer in answers)
    assert count_runs(database) == 1


def test_key_that_cannot_be_stored_is_rejected(database):
    with pytest.raises(InvalidInput):
        submit(database, key="\x00")


def test_old_keys_are_forgotten(database):
    submit(database)
    with database.transaction() as session:
        assert idempotency.delete_old(session, older_than_seconds=3600) == 0
        assert idempotency.delete_old(session, older_than_seconds=-10) == 1
    submit(database)
    assert count_runs(database) == 2
