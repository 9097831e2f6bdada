import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from core.workers import WorkerState
from worker.messages import DetailsReport, TrainCommand
from worker.trainer_pool import TrainerPool

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr("worker.spare_trainers.LOOK_SECONDS", 0.01)
    monkeypatch.setattr("worker.spare_trainers.SETTLE_SECONDS", 0.0)
    monkeypatch.setattr("worker.restarts.FIRST_RESTART_DELAY_SECONDS", 0.01)


@pytest.fixture
def open_pool(settings, start_trainer):
    pools = []

    def open_pool(*environments):
        pool = TrainerPool(settings.model_copy(update={"spare_trainers": 1}), list(environments) or [{}], start_trainer)
        pools.append(pool)
        pool.open()
        return pool

    yield open_pool
    for pool in pools:
        pool.close()


@pytest.fixture
def spare_of(wait_until):
    """Wait until a pool has a spare, another than a given one, and return its process id."""

    def find(pool, other=None):
        wait_until(lambda: pool._spares.pids not in {(), (other,)})
        (pid,) = pool._spares.pids
        return pid

    return find


def lose(pool):
    """Kill the next trainer, as after a run that was cancelled."""
    with pool.borrow(20) as trainer:
        trainer.num_runs += 1
        trainer.kill()


def test_a_spare_takes_the_place_of_a_lost_trainer_and_another_spare_its_own(open_pool, spare_of):
    pool = open_pool()
    spare = spare_of(pool)

    lose(pool)

    with pool.borrow(20) as trainer:
        assert trainer.pid == spare
        assert spare_of(pool, spare) != spare


def test_a_pool_without_spares_starts_another_trainer(make_pool):
    pool = make_pool()
    lose(pool)
    with pool.borrow(20) as trainer:
        assert trainer.is_alive
    assert pool._spares.pids == ()


def test_a_spare_that_died_takes_no_place_and_is_replaced(open_pool, spare_of):
    pool = open_pool()
    dead = spare_of(pool)
    os.kill(dead, signal.SIGKILL)
    spare = spare_of(pool, dead)

    lose(pool)

    with pool.borrow(20) as trainer:
        assert trainer.pid == spare


def test_spares_that_keep_dying_are_not_started_at_full_speed(open_pool, spare_of, caplog):
    pool = open_pool()
    spare = None
    for _ in range(3):
        spare = spare_of(pool, spare)
        os.kill(spare, signal.SIGKILL)
    spare_of(pool, spare)
    pauses = [record.args[-1] for record in caplog.records if "Another is started" in record.message]
    assert pauses == [0.01, 0.02, 0.04]


def test_closing_the_pool_ends_its_spares(open_pool, spare_of):
    pool = open_pool()
    process = psutil.Process(spare_of(pool))
    pool.close()
    assert not process.is_running()


def test_a_pool_whose_trainers_cannot_start_starts_no_spares_and_is_broken(open_pool, tmp_path, wait_until):
    fault = tmp_path / "fault"
    fault.write_text("no keras")
    pool = open_pool({"STAND_IN_FAULT": str(fault)})

    wait_until(lambda: pool.health.num_failed_starts >= 2)

    assert pool.health.state is WorkerState.BROKEN
    assert pool._spares.pids == ()


def test_spares_that_cannot_start_leave_the_worker_ready_until_it_needs_a_trainer(
    open_pool, tmp_path, wait_until, caplog
):
    fault = tmp_path / "fault"
    pool = open_pool({"STAND_IN_FAULT": str(fault)})
    assert pool.wait_until_warm(20)
    fault.write_text("no keras")
    wait_until(lambda: "Spare trainer" in caplog.text)
    assert pool.health.state is WorkerState.READY

    lose(pool)

    wait_until(lambda: pool.health.state is WorkerState.BROKEN)
    assert pool.health.error == "The trainer ended in its warm-up (no keras)."
    fault.unlink()
    wait_until(lambda: pool.health.state is WorkerState.READY)


def test_a_spare_gets_the_devices_of_the_trainer_that_it_replaces_and_has_none_before(
    open_pool, spare_of, wait_until, tmp_path
):
    pool = open_pool({"CUDA_VISIBLE_DEVICES": "3", "OTHER": "x"}, {"CUDA_VISIBLE_DEVICES": "4", "OTHER": "x"})
    wait_until(lambda: pool.num_idle == 2)
    spare = spare_of(pool)
    wait_until(psutil.Process(spare).environ)
    before = psutil.Process(spare).environ()
    assert before["OTHER"] == "x"
    assert "CUDA_VISIBLE_DEVICES" not in before
    with pool.borrow(20) as lost:
        devices = device_of(lost, tmp_path)
        lost.kill()
    with pool.borrow(20) as one, pool.borrow(20) as two:
        (replacement,) = (trainer for trainer in (one, two) if trainer.pid == spare)
        assert device_of(replacement, tmp_path) == devices


def device_of(trainer, folder):
    command = TrainCommand(
        run_id="1",
        attempt=1,
        spec={"name": "succeeds"},
        datasets_dir=str(folder),
        cache_dir=str(folder),
        output_dir=str(folder),
        log_path=str(folder / "log"),
    )
    trainer.train(command)
    device = None
    while (report := trainer.next_report(10)) is None or report.kind != "finished":
        if isinstance(report, DetailsReport):
            device = report.device or device
    return device


def test_a_trainer_that_holds_looks_for_no_devices_before_it_is_told_which_it_has():
    program = textwrap.dedent("""
        import os, queue
        from worker.messages import PrepareCommand
        from worker.trainer import _hold

        prepared = queue.Queue()
        prepared.put(PrepareCommand(environment={"CUDA_VISIBLE_DEVICES": "7"}))
        _hold(prepared)
        from tensorflow.python.eager import context

        # TensorFlow makes its context when devices are first looked for.
        print(os.environ["CUDA_VISIBLE_DEVICES"], context._context)
        context.context().ensure_initialized()
        print(context._context is None)
    """)
    environment = {name: value for name, value in os.environ.items() if name != "CUDA_VISIBLE_DEVICES"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["7", "None", "False"], done.stderr
