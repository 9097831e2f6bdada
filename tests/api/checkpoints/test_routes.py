import math

from core.checkpoints import Checkpoint
from db import resuming

LEASE_SECONDS = 60.0


def test_checkpoints_are_listed_newest_first(client, worker, database):
    path = f"/v1/runs/{client.post('/v1/runs', json={'preset': 'iris-keras'}).json()['id']}"
    assert client.get(f"{path}/checkpoints").json() == {"items": []}
    claimed = worker.claim()
    best = Checkpoint(8, 1, "a" * 64, 10, monitor="val_loss", value=0.5, is_best=True)
    worse = Checkpoint(16, 2, "b" * 64, 11, monitor="val_loss", value=math.inf)
    with database.transaction() as session:
        for checkpoint in (best, worse, Checkpoint(20, 2, "c" * 64, 12)):
            resuming.record_checkpoint(session, claimed.run_id, claimed.attempt, LEASE_SECONDS, checkpoint)
    newest, middle, first = client.get(client.get(path).json()["links"]["checkpoints"]).json()["items"]
    assert (newest["step"], newest["epoch"], newest["attempt"]) == (20, 2, 1)
    assert (newest["monitor"], newest["value"], newest["is_best"]) == (None, None, False)
    assert (middle["step"], middle["value"], middle["num_bytes"]) == (16, "Infinity", 11)
    assert (first["step"], first["value"], first["is_best"], first["sha256"]) == (8, 0.5, True, "a" * 64)
    assert first["created_at"].endswith("Z")


def test_a_run_that_does_not_exist_has_no_checkpoints(client):
    answer = client.get("/v1/runs/01935a3f-2d4c-7e21-9c1b-5a1f4e0d7b62/checkpoints")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_run")
