import pytest

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
RETRIED = {"retried": [{"kind": "run", "id": RUN_ID, "new_id": NEW_ID, "link": ""}], "refused": [], "num_left": 0}
REFUSED = {"retried": [], "refused": [{"id": RUN_ID, "code": "not_found", "detail": "It is none."}], "num_left": 2}


def test_dead_letters_are_listed_with_the_reason(invoke, fake, answer):
    fake.on("GET", PATH, answer({"items": [LETTER], "next_cursor": None, "total": 1}))
    result = invoke("dead-letters", "--error", "storage_failed")
    assert result.exit_code == 0
    assert RUN_ID in result.stdout
    assert "storage_failed: the disk was full." in result.stdout


def test_a_service_without_any_says_so(invoke, fake, answer):
    fake.on("GET", PATH, answer({"items": [], "next_cursor": None, "total": 0}))
    assert invoke("dead-letters").stdout == "There are no dead letters.\n"


def test_all_of_a_choice_are_retried(invoke, fake, answer):
    fake.on("POST", f"{PATH}:retry", answer(RETRIED, 202))
    result = invoke("dead-letters", "retry", "--all", "--error", "storage_failed")
    assert result.exit_code == 0
    assert result.stdout == f"{RUN_ID} is retried as {NEW_ID}\nRetried 1.\n"
    assert fake.requests[0].body == {"error": "storage_failed"}


def test_one_that_is_refused_is_told_and_fails_the_command(invoke, fake, answer):
    fake.on("POST", f"{PATH}:retry", answer(REFUSED, 202))
    result = invoke("dead-letters", "retry", RUN_ID)
    assert result.exit_code == 1
    assert result.stdout == f"{RUN_ID} is not retried: It is none.\nRetried 0; 2 are left.\n"


@pytest.mark.parametrize("arguments", [[], [RUN_ID, "--all"]])
def test_nothing_is_retried_unless_it_was_chosen_in_one_way(invoke, fake, arguments):
    assert invoke("dead-letters", "retry", *arguments).exit_code == 1
    assert fake.requests == []
