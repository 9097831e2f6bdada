"""The client's methods and commands for dead letters with the JSON of the service."""

from datetime import UTC, datetime

PATH = "/v1/dead-letters"
RUN_ID = "01920000-0000-7000-8000-000000000001"
NEW_ID = "01920000-0000-7000-8000-000000000002"
LETTER = {
    "kind": "run",
    "id": RUN_ID,
    "model": "adder",
    "experiment": "sums",
    "error": {"code": "storage_failed", "detail": "No space left on device.", "attempt": 3},
    "reason": "the disk was full",
    "num_attempts": 3,
    "failed_at": "2026-01-02T03:04:05Z",
    "links": {"self": f"/v1/runs/{RUN_ID}", "logs": f"/v1/runs/{RUN_ID}/logs"},
}
PAGE = {"items": [LETTER], "next_cursor": None, "total": 1}
RETRIED = {
    "retried": [{"kind": "run", "id": RUN_ID, "new_id": NEW_ID, "link": f"/v1/runs/{NEW_ID}"}],
    "refused": [],
    "num_left": 0,
}
REFUSED = {"retried": [], "refused": [{"id": RUN_ID, "code": "not_found", "detail": "It is none."}], "num_left": 2}


def test_dead_letters_are_listed_page_by_page(client, fake, answer):
    fake.on("GET", PATH, answer(PAGE | {"next_cursor": "abc"}), answer(PAGE))
    first, _ = client.list_dead_letters(error="storage_failed", kind="run", experiment="sums")
    assert (first.id, first.error, first.reason, first.num_attempts) == (RUN_ID, "storage_failed", LETTER["reason"], 3)
    assert first.failed_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert first.document == LETTER
    chosen = {"limit": "100", "kind": "run", "error": "storage_failed", "experiment": "sums"}
    assert [dict(request.query) for request in fake.requests] == [chosen, chosen | {"cursor": "abc"}]


def test_those_that_are_chosen_are_retried(client, fake, answer):
    fake.on("POST", f"{PATH}:retry", answer(RETRIED), answer(REFUSED))
    assert client.retry_dead_letters([RUN_ID]).new_ids == {RUN_ID: NEW_ID}
    left = client.retry_dead_letters(error="out_of_memory")
    assert (left.refused, left.num_left) == ({RUN_ID: "It is none."}, 2)
    assert [request.body for request in fake.requests] == [{"ids": [RUN_ID]}, {"error": "out_of_memory"}]
