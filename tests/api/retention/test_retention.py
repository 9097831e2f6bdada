from datetime import timedelta

import pytest
from sqlalchemy import update

from db import claims, runs
from db.records.runs import RunRecord
from storage.artifact_folder import ArtifactFolder


@pytest.fixture
def old_runs(database, settings, tmp_path):
    """Three runs that were cancelled 40, 20 and 10 days ago, each with a log of its own; their ids."""
    store = ArtifactFolder(settings.artifacts_dir)
    ids = []
    for days in (40, 20, 10):
        (tmp_path / "trainer.log").write_text(f"{days} days")
        log = store.put(tmp_path / "trainer.log")
        with database.transaction() as session:
            run_id = runs.create(session, experiment="e", model_name="m", spec={"seed": 1}).id
            claimed = claims.claim_run(session, owner="w", lease_seconds=60)
            claims.cancel_running(session, run_id, claimed.attempt, artifacts=[log])
            ended = runs.get(session, run_id).ended_at
            session.execute(
                update(RunRecord).where(RunRecord.id == run_id).values(ended_at=ended - timedelta(days=days))
            )
        ids.append(str(run_id))
    return ids


def apply(client, **body):
    return client.post("/v1/retention:apply", json=body)


def test_a_request_is_a_dry_run_unless_it_says_otherwise(client, old_runs):
    told = apply(client, policy={"max_age_days": 15}).json()
    assert (told["dry_run"], told["num_runs"], told["num_files"], told["freed_bytes"]) == (True, 2, 2, 14)
    assert [(run["id"], run["reason"]) for run in told["runs"]] == [(run_id, "age") for run_id in old_runs[:2]]
    assert len(client.get("/v1/runs").json()["items"]) == 3
    assert client.get("/v1/retention").json()["last_sweep"] is None


def test_applied_it_does_what_the_dry_run_told(client, old_runs, settings):
    told = apply(client, policy={"max_age_days": 15}, max_shown=0).json()
    assert (told["runs"], told["num_runs"]) == ([], 2)
    done = apply(client, policy={"max_age_days": 15}, dry_run=False).json()
    assert (done["is_complete"], done["num_runs"], done["freed_bytes"]) == (True, 2, told["freed_bytes"])
    assert [run["id"] for run in client.get("/v1/runs").json()["items"]] == [old_runs[2]]
    assert len(list(settings.artifacts_dir.glob("??/*"))) == 1
    last = client.get("/v1/retention").json()["last_sweep"]
    assert (last["num_runs"], last["num_files"], last["freed_bytes"]) == (2, 2, 14)
    assert last["ended_at"] is not None


def test_without_any_policy_there_is_nothing_to_apply(client, old_runs):
    answer = apply(client, dry_run=False)
    assert answer.status_code == 409
    assert "max_age_days" in answer.json()["detail"]
    assert apply(client, policy={}).status_code == 409
    assert len(client.get("/v1/runs").json()["items"]) == len(old_runs)


@pytest.mark.parametrize(
    ("policy", "pointer"),
    [
        ({"max_age_days": -1}, "/policy/max_age_days"),
        ({"max_age_days": 0}, "/policy/max_age_days"),
        ({"max_age_days": 1e300}, "/policy/max_age_days"),
        ({"max_runs": 0}, "/policy/max_runs"),
        ({"max_runs": 1.5}, "/policy/max_runs"),
        ({"keep_tag": ""}, "/policy/keep_tag"),
        ({"max_age": 3}, "/policy/max_age"),
    ],
)
def test_a_policy_that_is_none_is_rejected_at_its_place(client, policy, pointer):
    answer = apply(client, policy=policy)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_the_policy_of_the_settings_is_shown_and_applied(make_client, make_settings):
    client = make_client(make_settings(retention_max_age_days=0.5, retention_keep_tag=""))
    policy = client.get("/v1/retention").json()["policy"]
    assert (policy["max_age_days"], policy["max_runs"], policy["keep_tag"]) == (0.5, None, None)
    assert apply(client).json()["num_runs"] == 0


def test_only_an_admin_applies_a_policy(locked_client, keep_key):
    key = {"X-API-Key": keep_key("submit", "read")}
    assert locked_client.get("/v1/retention", headers=key).status_code == 200
    assert locked_client.post("/v1/retention:apply", json={}, headers=key).status_code == 403
