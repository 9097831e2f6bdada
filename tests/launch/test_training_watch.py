"""Messages of the launcher about a worker that cannot train."""

import os
import socket

import pytest

from core.settings import Settings
from core.workers import WorkerHealth, WorkerState
from db import workers
from db.session import Database
from launch.throwaway import throwaway_service
from launch.training_watch import TrainingWatch

BROKEN = WorkerHealth(WorkerState.BROKEN, 1, 0, 1, "The trainer ended in its warm-up (No GPU).")
READY = WorkerHealth(WorkerState.READY, 1, 1)
STARTING = WorkerHealth(WorkerState.STARTING, 1, 0)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def report(sqlite_url):
    database = Database(sqlite_url)

    def store(health, pid=None):
        with database.transaction() as session:
            workers.report(session, f"{socket.gethostname()}:{pid or os.getpid()}", "host", health)

    yield store
    database.dispose()


@pytest.fixture
def watch(sqlite_url, tmp_path, said):
    watch = TrainingWatch(Settings(data_dir=tmp_path, database_url=sqlite_url), os.getpid, said.append)
    yield watch
    watch.stop()


def test_a_worker_that_cannot_train_is_reported_once_and_its_repair_too(watch, report, said):
    for health in (STARTING, BROKEN, BROKEN, READY, READY):
        report(health)
        watch.check()
    reason = "The trainer ended in its warm-up (No GPU)."
    assert said == [
        f"Runs cannot be trained: no trainer can start. {reason} The worker keeps trying.",
        "A trainer has started: runs are trained again.",
    ]


def test_a_worker_that_is_well_or_has_not_reported_yet_is_no_news(watch, report, said):
    watch.check()
    report(READY)
    watch.check()
    assert said == []


def test_workers_of_other_launchers_are_none_of_its_business(watch, report, said):
    report(READY)
    report(BROKEN, pid=1)
    watch.check()
    assert said == []


def test_before_the_worker_is_started_nothing_is_said(sqlite_url, tmp_path, said):
    watch = TrainingWatch(Settings(data_dir=tmp_path, database_url=sqlite_url), lambda: None, said.append)
    watch.check()
    watch.stop()
    assert said == []


def test_make_up_says_in_one_line_that_no_trainer_can_start(launch):
    broken_worker = """
import os, socket, time
from core.settings import load_settings
from core.workers import WorkerHealth, WorkerState
from db import workers
from db.session import Database

database = Database(load_settings().effective_database_url)
with database.transaction() as session:
    health = WorkerHealth(WorkerState.BROKEN, 1, 0, 1, "No GPU.")
    workers.report(session, f"{socket.gethostname()}:{os.getpid()}", "host", health)
time.sleep(60)
"""
    launched = launch(worker=broken_worker)
    launched.wait_for("\nRuns cannot be trained: no trainer can start. No GPU. The worker keeps trying.\n")


def test_a_throwaway_service_is_ready_when_its_worker_reports_warm_trainers():
    with throwaway_service() as settings:
        database = Database(settings.effective_database_url)
        with database.reading() as session:
            (worker,) = workers.look(session).live
        database.dispose()
    assert worker.health == WorkerHealth(WorkerState.READY, 1, 1)
