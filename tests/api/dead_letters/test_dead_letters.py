from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from sqlalchemy import update

from core.run_report import RunError
from db import claims
from db.records.runs import RunRecord

FULL = RunError("storage_failed", "No space left on device.")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request):
    return request.param


@pytest.fixture
def die(client, database):
    """Submit runs and let each fail for good; return their ids."""

    def die(*errors, **body):
        ids = []
        for error in errors:
            run_id = client.post("/v1/runs", json={"preset": "perceptron-or"} | body).json()["id"]
            fail(database, error)
            ids.append(run_id)
        return ids

    return die


def fail(database, error=FULL):
    """Let the only queued run fail."""
    with database.transaction() as session:
        claimed = claims.claim_run(session, owner="w", lease_seconds=60)
        session.execute(update(RunRecord).where(RunRecord.id == claimed.run_id).values(num_crashes=9))
        claims.fail_run(session, claimed.run_id, claimed.attempt, error=error)


def letters(client, **parameters):
    answer = client.get("/v1/dead-letters", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def retry(client, **body):
    answer = client.post("/v1/dead-letters:retry", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_runs_that_failed_through_no_fault_of_their_own_are_listed_with_the_reason(client, die):
    first, second, _ = die(FULL, RunError("out_of_memory", "It ran out."), RunError("loss_not_finite", "NaN"))
    page = letters(client)
    assert [item["id"] for item in page["items"]] == [second, first]
    assert page["total"] == 2
    last = page["items"][1]
    assert (last["kind"], last["model"], last["num_attempts"]) == ("run", "perceptron-or", 1)
    assert last["error"]["code"] == "storage_failed"
    assert "disk was full" in last["reason"]
    assert last["links"] == {"self": f"/v1/runs/{first}", "logs": f"/v1/runs/{first}/logs"}


def test_the_list_has_pages_and_filters(client, die):
    ids = die(FULL, FULL, RunError("out_of_memory", "It ran out."), experiment="one") + die(FULL, experiment="two")
    seen, cursor = [], None
    while True:
        page = letters(client, limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ids[::-1]
    assert [item["id"] for item in letters(client, error="out_of_memory")["items"]] == [ids[2]]
    assert [item["id"] for item in letters(client, experiment="two", kind="run")["items"]] == [ids[3]]
    assert letters(client, kind="batch_prediction")["total"] == 0
    assert client.get("/v1/dead-letters", params={"cursor": "nonsense"}).status_code == 400


def test_a_retried_run_is_a_new_one_and_the_old_one_is_listed_no_more(client, die):
    (old,) = die(FULL)
    answer = retry(client)
    (item,) = answer["retried"]
    assert (item["kind"], item["id"], answer["refused"], answer["num_left"]) == ("run", old, [], 0)
    new = client.get(item["link"]).json()
    assert (new["id"], new["source_run_id"], new["state"]) == (item["new_id"], old, "queued")
    assert letters(client)["items"] == []
    assert client.get(f"/v1/runs/{old}").json()["state"] == "failed"
    assert retry(client) == {"retried": [], "refused": [], "num_left": 0}


def test_only_what_was_chosen_is_retried(client, die):
    first, second, third = die(FULL, RunError("out_of_memory", "It ran out."), FULL)
    assert [item["id"] for item in retry(client, ids=[third])["retried"]] == [third]
    assert [item["id"] for item in retry(client, error="out_of_memory")["retried"]] == [second]
    assert [item["id"] for item in letters(client)["items"]] == [first]


def test_ids_that_are_no_dead_letters_are_refused_and_the_others_retried(client, die):
    (old,) = die(FULL)
    unknown = str(uuid4())
    answer = retry(client, ids=[unknown, old, old])
    assert [item["id"] for item in answer["retried"]] == [old]
    assert [(item["id"], item["code"]) for item in answer["refused"]] == [(unknown, "not_found")]


def test_requests_that_overlap_retry_a_run_once(client, die):
    die(FULL, FULL)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: retry(client), range(4)))
    assert sum(len(answer["retried"]) for answer in answers) == 2
    assert len(client.get("/v1/runs", params={"state": "queued"}).json()["items"]) == 2


@pytest.mark.parametrize("verb", ["retry", "clone"])
def test_a_run_that_was_repeated_by_itself_is_a_dead_letter_no_more(client, die, verb):
    (old,) = die(FULL)
    client.post(f"/v1/runs/{old}:{verb}", json={} if verb == "clone" else None)
    assert letters(client)["total"] == 0


def test_a_deleted_run_is_a_dead_letter_no_more(client, die):
    (old,) = die(FULL)
    assert client.delete(f"/v1/runs/{old}").status_code == 204
    assert letters(client)["total"] == 0


def test_a_quota_that_is_used_up_ends_the_retries_and_leaves_the_rest(make_client, make_settings, database):
    client = make_client(make_settings(quota_queued_runs=1))
    for _ in range(2):
        client.post("/v1/runs", json={"preset": "perceptron-or"})
        fail(database)
    answer = retry(client)
    assert (len(answer["retried"]), answer["num_left"]) == (1, 1)
    assert [item["code"] for item in answer["refused"]] == ["quota_exceeded"]
