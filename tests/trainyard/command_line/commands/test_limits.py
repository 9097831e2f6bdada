import pytest

LIMITS = {"queued_runs": 10, "running_runs": 0, "disk_bytes": 2048, "requests_per_minute": 600, "priority": 5}
USAGE = {
    "name": "ci",
    "limits": LIMITS,
    "own_limits": dict.fromkeys(LIMITS),
    "use": {"queued_runs": 3, "running_runs": 1, "disk_bytes": 1024},
}
REPORT = {
    "dry_run": True,
    "policy": {},
    "is_complete": True,
    "num_runs": 2,
    "num_files": 2,
    "freed_bytes": 2048,
    "num_points": 10,
    "runs": [
        {
            "id": "01920000-0000-7000-8000-000000000001",
            "experiment": "e",
            "model": "m",
            "model_version": None,
            "ended_at": "2026-01-02T03:04:05Z",
            "reason": "age",
            "num_bytes": 1024,
        }
    ],
}


def test_quotas_are_shown_with_what_is_used(invoke, fake, answer):
    fake.on("GET", "/v1/usage", answer(USAGE))
    result = invoke("quotas")
    assert result.exit_code == 0
    assert "3 of 10" in result.stdout
    assert "1 of any" in result.stdout


def test_only_limits_that_were_given_are_changed(invoke, fake, answer):
    fake.on("PATCH", "/v1/quotas/ci", answer(USAGE))
    assert invoke("quotas", "set", "ci", "--max-running-runs", "2", "--max-priority", "settings").exit_code == 0
    assert fake.requests[0].body == {"running_runs": 2, "priority": None}


@pytest.mark.parametrize("arguments", [[], ["--max-queued-runs", "many"]])
def test_limits_that_are_none_are_not_sent(invoke, fake, arguments):
    result = invoke("quotas", "set", "ci", *arguments)
    assert result.exit_code == 1
    assert fake.requests == []


def test_a_key_is_made_with_limits(invoke, fake, answer):
    entry = dict.fromkeys(("created_at", "expires_at", "revoked_at", "last_used_at"))
    entry |= {"prefix": "k3v9x2pa", "name": "ci", "scopes": ["read"], "source": "database", "state": "live"}
    fake.on("POST", "/v1/keys", answer(entry | {"key": "ty_k3v9x2pa_x"}, 201))
    assert invoke("keys", "create", "ci", "--scope", "read", "--max-queued-runs", "5").exit_code == 0
    assert fake.requests[0].body["limits"] == {"queued_runs": 5}


def test_a_dry_run_deletes_nothing_and_names_the_runs(invoke, fake, answer):
    fake.on("POST", "/v1/retention:apply", answer(REPORT))
    result = invoke("prune", "--older-than", "30d", "--keep-tagged", "gold", "--dry-run")
    assert result.exit_code == 0
    assert "01920000-0000-7000-8000-000000000001" in result.stdout
    assert "2 runs (1 more than shown) would be deleted" in result.stdout
    (request,) = fake.requests
    assert request.body == {
        "dry_run": True,
        "max_shown": 100,
        "policy": {"max_age_days": 30.0, "keep_tag": "gold"},
    }


def test_it_goes_on_until_all_are_deleted(invoke, fake, answer):
    done = REPORT | {"dry_run": False, "runs": [], "num_points": None, "num_runs": 1}
    fake.on("POST", "/v1/retention:apply", answer(REPORT), answer(done | {"is_complete": False}), answer(done))
    result = invoke("prune", "--keep", "10", "--yes")
    assert result.stdout.startswith("Deleted 2 runs")
    assert [request.body["dry_run"] for request in fake.requests] == [True, False, False]


def test_without_a_yes_nothing_is_deleted(invoke, fake, answer):
    fake.on("POST", "/v1/retention:apply", answer(REPORT))
    assert invoke("prune").exit_code == 1
    assert [request.body for request in fake.requests] == [{"dry_run": True, "max_shown": 100}]
