import errno
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from core.errors import TrainerLost
from core.workers import WorkerHealth, WorkerState
from worker.messages import TrainCommand
from worker.restarts import restart_delay
from worker.trainer_pool import TrainerPool
from worker.trainer_process import TrainerProcess

ROOT = Path(__file__).parents[2]
STAND_IN = Path(__file__).with_name("stand_in_trainer.py")


def test_a_trainer_is_started_before_it_is_needed(make_pool):
    assert make_pool().wait_until_warm(20)


def test_no_trainer_is_lent_while_the_only_one_is_busy(make_pool):
    pool = make_pool()
    with pool.borrow(20) as first, pool.borrow(0.05) as second:
        assert first is not None
        assert second is None
        assert pool.num_busy == 1


def test_a_trainer_that_died_while_idle_is_not_lent(make_pool):
    pool = make_pool()
    with pool.borrow(20) as trainer:
        pid = trainer.pid
    os.kill(pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=0.5)

    with pool.borrow(20) as trainer:
        assert trainer.pid != pid
        assert trainer.is_alive


def test_a_trainer_is_replaced_after_its_number_of_runs(make_pool, settings, tmp_path):
    pool = make_pool(1, settings.model_copy(update={"trainer_max_runs": 1}))
    with pool.borrow(20) as trainer:
        first = trainer.pid
        trainer.train(_command(tmp_path))
        while (report := trainer.next_report(10)) is not None and report.kind != "finished":
            pass

    with pool.borrow(20) as trainer:
        assert trainer.pid != first


def test_a_trainer_that_grew_is_replaced(make_pool, settings, tmp_path, monkeypatch):
    pool = make_pool(1, settings.model_copy(update={"trainer_max_memory_growth_bytes": 1000}))
    with pool.borrow(20) as trainer:
        first = trainer.pid
        trainer.train(_command(tmp_path))
        while (report := trainer.next_report(10)) is not None and report.kind != "finished":
            pass
        before = trainer.first_memory_bytes
        monkeypatch.setattr(trainer, "memory_bytes", lambda: before + 1001)

    with pool.borrow(20) as trainer:
        assert trainer.pid != first


def test_closing_the_pool_ends_every_trainer(make_pool):
    pool = make_pool(2)
    with pool.borrow(20) as one, pool.borrow(20) as two:
        processes = [psutil.Process(one.pid), psutil.Process(two.pid)]

    pool.close()

    assert not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)


def test_a_trainer_that_cannot_start_is_reported_and_tried_again(settings, caplog):
    starts = []

    def start(environment):
        starts.append(environment)
        failing = [sys.executable, "-c", "raise SystemExit(3)"]
        return TrainerProcess(environment, failing if len(starts) == 1 else [sys.executable, str(STAND_IN)])

    pool = TrainerPool(settings, [{}], start)
    pool.open()
    try:
        assert pool.wait_until_warm(20)
    finally:
        pool.close()
    assert "exit code 3" in caplog.text


def test_a_pool_is_starting_until_its_first_trainer_is_warm(settings, start_trainer, wait_until):
    pool = TrainerPool(settings, [{}], start_trainer)
    assert pool.health == WorkerHealth(WorkerState.STARTING, 1, 0)
    pool.open()
    try:
        wait_until(lambda: pool.health == WorkerHealth(WorkerState.READY, 1, 1))
    finally:
        pool.close()


def test_a_pool_whose_trainers_die_reports_each_death_and_recovers_when_the_cause_is_gone(
    settings, tmp_path, start_trainer, wait_until, monkeypatch
):
    monkeypatch.setattr("worker.restarts.FIRST_RESTART_DELAY_SECONDS", 0.01)
    fault = tmp_path / "fault"
    fault.write_text("ModuleNotFoundError: No module named 'keras'")
    changes = []
    pool = TrainerPool(settings, [{"STAND_IN_FAULT": str(fault)}], start_trainer)
    pool.open(on_change=lambda: changes.append(pool.health))
    try:
        wait_until(lambda: len(changes) >= 3)
        fault.unlink()
        wait_until(lambda: changes[-1].state is WorkerState.READY)
    finally:
        pool.close()
    reason = "The trainer ended in its warm-up (ModuleNotFoundError: No module named 'keras')."
    assert changes[:3] == [WorkerHealth(WorkerState.BROKEN, 1, 0, deaths, reason) for deaths in (1, 2, 3)]
    assert changes[-1] == WorkerHealth(WorkerState.READY, 1, 1)


def test_a_trainer_process_that_cannot_even_be_started_is_tried_again(settings, start_trainer, monkeypatch):
    monkeypatch.setattr("worker.restarts.FIRST_RESTART_DELAY_SECONDS", 0.01)
    starts = []

    def start(environment):
        starts.append(environment)
        if len(starts) == 1:
            raise OSError(errno.ENOMEM, "Cannot allocate memory")
        return start_trainer(environment)

    changes = []
    pool = TrainerPool(settings, [{}], start)
    pool.open(on_change=lambda: changes.append(pool.health))
    try:
        assert pool.wait_until_warm(20)
    finally:
        pool.close()
    assert changes[0].error == "The trainer process cannot be started (Cannot allocate memory)."


def test_pauses_between_failed_starts_double_up_to_a_minute():
    assert [restart_delay(num_failed) for num_failed in (1, 2, 3, 6, 7, 8, 100_000)] == [1, 2, 4, 32, 60, 60, 60]


def test_a_trainer_that_takes_too_long_to_get_ready_is_lost():
    trainer = TrainerProcess({}, [sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        with pytest.raises(TrainerLost, match="did not get ready within"):
            trainer.wait_until_ready(0.05)
    finally:
        trainer.kill()


def test_a_trainer_that_keeps_dying_before_its_first_run_is_not_restarted_at_full_speed(
    settings, start_trainer, wait_until, monkeypatch
):
    pauses = []
    pool = TrainerPool(settings, [{}], start_trainer)
    monkeypatch.setattr(pool._closing, "wait", pauses.append)
    pool.open()
    try:
        for deaths in (1, 2, 3):
            wait_until(lambda: pool.num_idle == 1)
            _, trainer = pool._ready.get(timeout=20)
            trainer.kill()
            pool._worn[0].put(None)
            wait_until(lambda deaths=deaths: len(pauses) == deaths)
    finally:
        pool.close()
    assert pauses == [1.0, 2.0, 4.0]


def test_a_trainer_whose_warm_up_fails_reports_the_reason_and_leaves_the_traceback(tmp_path, monkeypatch, capfd):
    (tmp_path / "keras").mkdir()
    (tmp_path / "keras" / "__init__.py").write_text("raise AttributeError('no tolist')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    trainer = TrainerProcess({})
    try:
        with pytest.raises(TrainerLost, match=r"ended in its warm-up \(AttributeError: no tolist\)"):
            trainer.wait_until_ready()
    finally:
        trainer.kill()
    output = capfd.readouterr().err
    assert "Traceback (most recent call last)" in output
    assert output.rstrip().endswith("AttributeError: no tolist")


def test_a_trainer_sees_neither_database_nor_broker_nor_the_keys_of_the_store(wait_until, monkeypatch):
    monkeypatch.setenv("TRAINYARD_DATABASE_URL", "postgresql+psycopg://secret@host/name")
    monkeypatch.setenv("TRAINYARD_BROKER_URL", "redis://:secret@host")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "secret")
    trainer = TrainerProcess({"MARK": "1"}, [sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        process = psutil.Process(trainer.pid)
        # The kernel shows a process that is just beginning its program without any variables.
        wait_until(process.environ)
        environment = process.environ()
    finally:
        trainer.kill()
    assert environment["MARK"] == "1"
    assert not any("secret" in value for value in environment.values())


def test_a_trainer_dies_with_a_worker_that_was_killed():
    program = textwrap.dedent(f"""
        import sys, time
        from worker.trainer_process import TrainerProcess
        trainer = TrainerProcess({{}}, [sys.executable, {str(STAND_IN)!r}])
        trainer.wait_until_ready()
        print(trainer.pid, flush=True)
        time.sleep(60)
    """)
    worker = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    trainer = psutil.Process(int(worker.stdout.readline()))

    worker.kill()
    worker.wait()
    worker.stdout.close()

    _, alive = psutil.wait_procs([trainer], timeout=2)
    assert alive == []


def test_the_end_of_a_trainer_is_described():
    trainer = TrainerProcess({}, [sys.executable, str(STAND_IN)])
    trainer.wait_until_ready()
    trainer.kill()

    with pytest.raises(TrainerLost, match="killed by SIGKILL"):
        trainer.next_report(5)


def _command(folder: Path) -> TrainCommand:
    return TrainCommand(
        run_id="1",
        attempt=1,
        spec={"name": "succeeds"},
        datasets_dir=str(folder),
        cache_dir=str(folder),
        output_dir=str(folder),
        log_path=str(folder / "log"),
    )
