"""Attempts that end early, and those that go on from their checkpoints; the trainer is a stand-in."""

import threading
from datetime import timedelta

import pytest

from core.run_state import RunState
from db import checkpoints, expiry
from storage.artifact_folder import ArtifactFolder
from worker.presence import worker_name
from worker.supervisor import Supervisor


@pytest.fixture
def let_train(settings):
    """Let the stand-in train up to an epoch."""

    def let(epoch: int) -> None:
        settings.datasets_dir.mkdir(parents=True, exist_ok=True)
        for number in range(1, epoch + 1):
            (settings.datasets_dir / f"{number}").touch()

    return let


@pytest.fixture
def pid(supervisor):
    """The process id of the only trainer."""
    supervisor._pool.wait_until_warm(20)
    return lambda: next(iter(supervisor._pool._running.values())).pid


def test_a_killed_trainers_run_goes_on_from_the_checkpoint(
    supervisor, queue, let_train, pid, in_background, wait_until, kill
):
    run = queue.submit("saves")
    let_train(3)
    in_background(supervisor.answer_doorbell)
    wait_until(lambda: queue.checkpoints(run)[:1] == [15])

    kill(pid())
    let_train(5)

    record = queue.wait_for(run, RunState.SUCCEEDED)
    assert queue.attempts(run) == [("crashed", None), ("succeeded", 15)]
    assert queue.curve(run) == [5, 10, 15, 20, 25]
    assert record.num_crashes == 1
    # The stand-in calls each better than all before.
    assert queue.checkpoints(run) == [25]


def test_attempts_that_come_further_do_not_count(supervisor, queue, let_train, pid, in_background, wait_until, kill):
    run = queue.submit("saves", max_attempts=2)
    in_background(supervisor.answer_doorbell)
    for epoch in (2, 3, 4):
        let_train(epoch)
        wait_until(lambda epoch=epoch: queue.checkpoints(run)[:1] == [5 * epoch])
        kill(pid())
    let_train(5)

    queue.wait_for(run, RunState.SUCCEEDED)
    assert queue.attempts(run) == [("crashed", None), ("crashed", 10), ("crashed", 15), ("succeeded", 20)]


def test_attempts_that_die_at_the_same_place_count(supervisor, queue, let_train, pid, in_background, wait_until, kill):
    run = queue.submit("saves", max_attempts=3)
    let_train(3)
    in_background(supervisor.answer_doorbell)
    wait_until(lambda: queue.checkpoints(run)[:1] == [15])
    for number in (1, 2, 3):
        wait_until(lambda number=number: queue.get(run).attempt == number)
        kill(pid())
        wait_until(lambda number=number: queue.get(run).attempt > number or queue.get(run).state == RunState.FAILED)

    record = queue.wait_for(run, RunState.FAILED)
    assert queue.attempts(run) == [("crashed", None), ("crashed", 15), ("crashed", 15)]
    assert "3 of 3 attempts" in record.error.detail


def test_a_drained_run_goes_on_where_it_was(supervisor, queue, make_supervisor, let_train, in_background, wait_until):
    run = queue.submit("saves", max_attempts=1)
    let_train(2)
    thread = in_background(supervisor.answer_doorbell)
    wait_until(lambda: queue.checkpoints(run) == [10])

    supervisor.drain()
    thread.join(timeout=20)
    assert queue.get(run).state == RunState.QUEUED
    let_train(5)
    make_supervisor().answer_doorbell()

    assert queue.attempts(run) == [("released", None), ("succeeded", 10)]
    assert queue.curve(run) == [5, 10, 15, 20, 25]


def test_a_paused_run_waits_until_it_is_resumed(supervisor, queue, let_train, pid, in_background, wait_until):
    run, other = queue.submit("saves"), queue.submit("any")
    let_train(3)
    in_background(supervisor.answer_doorbell)
    wait_until(lambda: queue.checkpoints(run)[:1] == [15])
    trainer = pid()

    queue.pause(run)
    assert queue.wait_for(run, RunState.PAUSED).progress["step"] == 15
    # The trainer takes the next run at once.
    queue.wait_for(other, RunState.SUCCEEDED)
    assert pid() == trainer
    queue.resume(run)
    let_train(5)
    in_background(supervisor.answer_doorbell)

    queue.wait_for(run, RunState.SUCCEEDED)
    assert queue.attempts(run) == [("paused", None), ("succeeded", 15)]
    assert queue.curve(run) == [5, 10, 15, 20, 25]


def test_a_damaged_checkpoint_falls_back_to_the_one_before(
    supervisor, queue, settings, database, let_train, pid, in_background, wait_until, kill
):
    run = queue.submit("saves")
    let_train(3)
    in_background(supervisor.answer_doorbell)
    wait_until(lambda: queue.checkpoints(run) == [15, 10])
    with database.reading() as session:
        newest = checkpoints.list_of_run(session, run.id)[0].sha256
    path = ArtifactFolder(settings.artifacts_dir).path(newest)
    path.write_bytes(path.read_bytes()[:-1])
    kill(pid())
    let_train(5)

    queue.wait_for(run, RunState.SUCCEEDED)
    assert queue.attempts(run) == [("crashed", None), ("released", 15), ("succeeded", 10)]
    assert queue.curve(run) == [5, 10, 15, 20, 25]
    assert not path.exists()


def test_a_checkpoint_that_the_trainer_cannot_use_falls_back_too(
    supervisor, queue, settings, database, let_train, in_background, wait_until
):
    run = queue.submit("saves")
    let_train(2)
    in_background(supervisor.answer_doorbell)
    wait_until(lambda: queue.checkpoints(run) == [10])
    queue.pause(run)
    queue.wait_for(run, RunState.PAUSED)
    foreign = settings.data_dir / "checkpoint.npz"
    foreign.write_text("of another network")
    artifact = ArtifactFolder(settings.artifacts_dir).put(foreign)
    with database.transaction() as session:
        checkpoints.list_of_run(session, run.id)[0].sha256 = artifact.sha256
    let_train(5)
    queue.resume(run)
    supervisor.answer_doorbell()

    assert queue.get(run).state == RunState.SUCCEEDED
    assert queue.attempts(run) == [("paused", None), ("released", 10), ("succeeded", None)]


def test_superseded_checkpoints_leave_the_store(supervisor, queue, settings, let_train):
    run = queue.submit("saves")
    let_train(5)

    supervisor.answer_doorbell()

    assert queue.checkpoints(run) == [25]
    kept = [path.read_text() for path in settings.artifacts_dir.glob("??/*")]
    assert [text for text in kept if text[0].isdigit()] == [f"5 of {run.id}/1"]


def test_a_run_makes_room_for_one_of_a_higher_priority(
    supervisor, queue, database, let_train, pid, in_background, wait_until
):
    run = queue.submit("saves")
    let_train(2)
    in_background(supervisor.answer_doorbell)
    wait_until(lambda: queue.checkpoints(run) == [10])
    trainer = pid()
    urgent = queue.submit("any", priority=5)

    with database.transaction() as session:
        asked = expiry.request_preemption(session, worker_name(), 0, waited_seconds=0.0)
    assert asked == run.id
    assert queue.wait_for(urgent, RunState.SUCCEEDED).attempt == 1
    let_train(5)

    queue.wait_for(run, RunState.SUCCEEDED)
    assert queue.attempts(run) == [("preempted", None), ("succeeded", 10)]
    assert pid() == trainer


def test_a_cancelled_run_leaves_the_trainer_warm(supervisor, queue, pid, in_background):
    run = queue.submit("hangs")
    trainer = pid()
    in_background(supervisor.answer_doorbell)
    queue.wait_for(run, RunState.RUNNING)

    queue.cancel(run)

    queue.wait_for(run, RunState.CANCELLED)
    assert pid() == trainer


def test_a_trainer_that_does_not_stop_is_killed(supervisor, queue, pid, in_background):
    run = queue.submit("is-deaf")
    trainer = pid()
    in_background(supervisor.answer_doorbell)
    queue.wait_for(run, RunState.RUNNING)

    queue.cancel(run)

    queue.wait_for(run, RunState.CANCELLED)
    supervisor._pool.wait_until_warm(20)
    assert pid() != trainer


def test_a_slow_store_costs_no_lease(settings, database, queue, make_pool, in_background, wait_until, monkeypatch):
    hasty = settings.model_copy(update={"lease_seconds": 1.0, "heartbeat_seconds": 0.1})
    supervisor = Supervisor(hasty, database, make_pool())
    is_storing, may_go_on = threading.Event(), threading.Event()
    put = ArtifactFolder.put

    def put_slowly(store, source, name=None):
        is_storing.set()
        may_go_on.wait(20)
        return put(store, source, name)

    monkeypatch.setattr(ArtifactFolder, "put", put_slowly)
    run = queue.submit("any")
    in_background(supervisor.answer_doorbell)
    assert is_storing.wait(20)
    begun = queue.get(run).lease_expires_at
    # More than two leases have passed once the third renewal is seen.
    wait_until(lambda: queue.get(run).lease_expires_at - begun > timedelta(seconds=2.5))
    with database.transaction() as session:
        assert expiry.expire_leases(session) == []
    may_go_on.set()

    assert queue.wait_for(run, RunState.SUCCEEDED).attempt == 1
