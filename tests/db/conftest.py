"""Fixtures for the initial states of storage tests."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest

from core.artifacts import Artifact
from db import claims, runs
from db.claims import ClaimedRun
from db.session import Database

LEASE_SECONDS = 60.0


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let further attempts begin at once; pauses have tests of their own, with `pauses`."""
    monkeypatch.setattr("core.retry_policy.LONGEST_PAUSE_SECONDS", 0.0)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the pauses of the policy of retries, as outside of tests."""
    monkeypatch.setattr("core.retry_policy.LONGEST_PAUSE_SECONDS", 600.0)


@pytest.fixture
def queue_run(database: Database) -> Callable[..., UUID]:
    """Queue a run and commit; return its id."""

    def queue(**changes: Any) -> UUID:
        options: dict[str, Any] = {"experiment": "trials", "model_name": "adder", "spec": {"seed": 7}} | changes
        with database.transaction() as session:
            return runs.create(session, **options).id

    return queue


@pytest.fixture
def claim(database: Database) -> Callable[..., ClaimedRun]:
    """Claim the oldest queued run and commit."""

    def claim_oldest(*, owner: str = "worker-1", lease_seconds: float = LEASE_SECONDS) -> ClaimedRun:
        with database.transaction() as session:
            claimed = claims.claim_run(session, owner=owner, lease_seconds=lease_seconds)
        assert claimed is not None
        return claimed

    return claim_oldest


@pytest.fixture
def finish(database: Database) -> Callable[..., int]:
    """Finish an attempt and commit; return the number of the model version."""

    def finish_with(claimed: ClaimedRun, *artifacts: Artifact) -> int:
        with database.transaction() as session:
            return claims.finish_run(session, claimed.run_id, claimed.attempt, artifacts=artifacts, phases={})

    return finish_with


@pytest.fixture
def finished_run(
    queue_run: Callable[..., UUID], claim: Callable[..., ClaimedRun], finish: Callable[..., int]
) -> Callable[..., UUID]:
    """Queue, claim and finish a run; return its id. No other run may be queued meanwhile."""

    def make(*artifacts: Artifact, **changes: Any) -> UUID:
        run_id = queue_run(**changes)
        claimed = claim()
        assert claimed.run_id == run_id
        finish(claimed, *artifacts)
        return run_id

    return make


@pytest.fixture
def at_once() -> Iterator[Callable[..., list[Any]]]:
    """Call functions in threads that start together; return the result or the exception of each, in order."""
    with ThreadPoolExecutor(max_workers=16) as pool:

        def call(*functions: Callable[[], Any]) -> list[Any]:
            barrier = Barrier(len(functions), timeout=30)

            def start(function: Callable[[], Any]) -> Any:
                barrier.wait()
                try:
                    return function()
                except Exception as error:  # noqa: BLE001 - the test looks at it.
                    return error

            return list(pool.map(start, functions))

        yield call


@pytest.fixture
def make_artifact() -> Callable[..., Artifact]:
    """Return an artifact whose sha256 consists of the given hexadecimal digit."""

    def make(name: str = "model.onnx", digit: str = "a") -> Artifact:
        return Artifact(name=name, sha256=digit * 64, num_bytes=3, media_type="application/octet-stream")

    return make
