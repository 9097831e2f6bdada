from dataclasses import replace

import pytest

from core.errors import IdempotencyInFlight, IdempotencyMismatch, InvalidInput
from db import idempotency, runs
from db.idempotency import RepeatKey, StoredAnswer
from db.records.service import IdempotencyRecord

ROUTE = "POST /v1/runs"


def submit(database, key="k", body="a", route=ROUTE):
    """Handle a POST as the API does; return the answer."""
    repeat = RepeatKey(key, route, body * 64)
    with database.transaction() as session:
        answer = idempotency.begin(session, repeat)
        if answer is None:
            run = runs.create(session, experiment="trials", model_name="adder", spec={})
            answer = StoredAnswer(202, f"/v1/runs/{run.id}", f'{{"id": "{run.id}", "loss": null}}')
            idempotency.complete(session, repeat, answer)
    return answer


def count_runs(database):
    with database.reading() as session:
        return sum(runs.count_by_state(session).values())


def test_repeated_request_gets_the_first_answer_and_makes_one_run(database):
    first, again = submit(database), submit(database)
    assert again == replace(first, is_replayed=True)
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
            idempotency.begin(session, RepeatKey("k", ROUTE, "a" * 64))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    submit(database)
    assert count_runs(database) == 1


def test_key_that_was_taken_but_not_answered_is_in_flight(database):
    with database.transaction() as session:
        assert idempotency.begin(session, RepeatKey("k", ROUTE, "a" * 64)) is None
    with pytest.raises(IdempotencyInFlight):
        submit(database)


def test_same_request_many_times_at_once_makes_one_run(database, at_once):
    answers = at_once(*[lambda: submit(database)] * 12)
    assert len({answer.body for answer in answers}) == 1
    assert sum(not answer.is_replayed for answer in answers) == 1
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


def test_keys_that_another_transaction_stored_first_are_told_apart(database):
    submit(database, key="old")
    answers = {RepeatKey(key, ROUTE, "a" * 64): StoredAnswer(202, "/v1/runs/x", "{}") for key in ("old", "new")}
    with database.transaction() as session:
        assert {repeat.key for repeat in idempotency.keep_all(session, answers)} == {"new"}
        found = idempotency.find_all(session, answers)
    assert {repeat.key: answer.location == "/v1/runs/x" for repeat, answer in found.items()} == {
        "old": False,
        "new": True,
    }


def test_an_answer_of_an_earlier_version_is_given_with_its_status(database):
    # Earlier versions stored no status: every answer was that of one route.
    stored = {
        "POST /v1/runs": {"location": "/v1/runs/x", "body": "{}"},
        "POST /v1/registry/models/m/versions": {"location": "/v1/registry/models/m/versions/1", "body": "{}"},
    }
    with database.transaction() as session:
        for route, answer in stored.items():
            session.add(IdempotencyRecord(route=route, key="k", body_sha256="a" * 64, answer=answer))
    with database.reading() as session:
        statuses = [idempotency.find(session, RepeatKey("k", route, "a" * 64)).status for route in stored]
    assert statuses == [202, 201]
