import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from core.notices import Notice
from core.run_state import TERMINAL_STATES, RunState
from core.settings import Settings
from db import checkpoints, points, runs
from db.records.runs import RunRecord
from db.session import Database
from worker.supervisor import Supervisor
from worker.trainer_pool import TrainerPool
from worker.trainer_process import TrainerProcess

STAND_IN = Path(__file__).with_name("stand_in_trainer.py")


def start_stand_in(environment: dict[str, str]) -> TrainerProcess:
    return TrainerProcess(environment, [sys.executable, str(STAND_IN)])


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let further attempts begin at once; pauses have tests of their own, with `pauses`."""
    monkeypatch.setattr("core.retry_policy.LONGEST_PAUSE_SECONDS", 0.0)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the pauses of the policy of retries, as outside of tests."""
    monkeypatch.setattr("core.retry_policy.LONGEST_PAUSE_SECONDS", 600.0)


@pytest.fixture
def wait_until() -> Callable[..., None]:
    return eventually


@pytest.fixture
def start_trainer() -> Callable[[dict[str, str]], TrainerProcess]:
    return start_stand_in


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    # Spares have tests of their own; elsewhere they would only take time.
    return Settings(
        data_dir=tmp_path, heartbeat_seconds=0.2, lease_seconds=5.0, reconcile_seconds=0.2, spare_trainers=0
    )


@pytest.fixture
def make_pool(settings: Settings) -> Iterator[Callable[..., TrainerPool]]:
    pools: list[TrainerPool] = []

    def make(num_slots: int = 1, changed: Settings | None = None) -> TrainerPool:
        pool = TrainerPool(changed or settings, [{}] * num_slots, start_stand_in)
        pools.append(pool)
        pool.open()
        return pool

    yield make
    for pool in pools:
        pool.close()


@pytest.fixture
def supervisor(settings: Settings, database: Database, make_pool: Callable[..., TrainerPool]) -> Supervisor:
    return Supervisor(settings, database, make_pool())


@pytest.fixture
def make_supervisor(settings: Settings, database: Database, make_pool: Callable[..., TrainerPool]):
    """Make another supervisor, as of a worker that was started anew."""
    return lambda: Supervisor(settings, database, make_pool())


@pytest.fixture
def kill() -> Callable[[int], None]:
    """Kill a process as the system does for lack of memory."""
    return lambda pid: os.kill(pid, signal.SIGKILL)


class Queue:
    """Submits runs for the stand-in and reads their states."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def submit(
        self,
        behaviour: str,
        max_attempts: int = 3,
        warnings: Sequence[Notice] = (),
        traceparent: str | None = None,
        priority: int = 0,
    ) -> RunRecord:
        with self.database.transaction() as session:
            return runs.create(
                session,
                experiment="tests",
                model_name=behaviour,
                spec={"name": behaviour, "seed": 0},
                max_attempts=max_attempts,
                warnings=warnings,
                traceparent=traceparent,
                priority=priority,
            )

    def get(self, run: RunRecord) -> RunRecord:
        with self.database.reading() as session:
            return runs.get(session, run.id)

    def cancel(self, run: RunRecord) -> None:
        with self.database.transaction() as session:
            runs.cancel(session, run.id)

    def pause(self, run: RunRecord) -> None:
        with self.database.transaction() as session:
            runs.pause(session, run.id)

    def resume(self, run: RunRecord) -> None:
        with self.database.transaction() as session:
            runs.resume(session, run.id)

    def attempts(self, run: RunRecord) -> list[tuple[str | None, int | None]]:
        """The outcome of each attempt, and the step that it went on from."""
        with self.database.reading() as session:
            return [(attempt.outcome, attempt.resumed_at_step) for attempt in runs.list_attempts(session, run.id)]

    def checkpoints(self, run: RunRecord) -> list[int]:
        """The steps of the checkpoints that are kept, newest first."""
        with self.database.reading() as session:
            return [record.step for record in checkpoints.list_of_run(session, run.id)]

    def curve(self, run: RunRecord) -> list[int]:
        """The steps of the curve of the loss."""
        with self.database.reading() as session:
            found = points.read_points(session, points.list_series(session, [run.id], ["train/loss"]))
            return found[0].steps.tolist() if found else []

    def wait_for(self, run: RunRecord, state: RunState) -> RunRecord:
        eventually(lambda: self.get(run).state in {state, *TERMINAL_STATES})
        record = self.get(run)
        assert record.state == state, record.error
        return record


@pytest.fixture
def queue(database: Database) -> Queue:
    return Queue(database)


@pytest.fixture
def in_background() -> Iterator[Callable[[Callable[[], object]], threading.Thread]]:
    threads: list[threading.Thread] = []

    def start(work: Callable[[], object]) -> threading.Thread:
        thread = threading.Thread(target=work)
        threads.append(thread)
        thread.start()
        return thread

    yield start
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive()
