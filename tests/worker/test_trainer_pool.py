import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from core.errors import TrainerLost
from worker.messages import TrainCommand
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


def test_a_trainer_that_can_not_start_is_told_and_tried_again(settings, caplog):
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


def test_a_trainer_sees_neither_database_nor_broker(monkeypatch):
    monkeypatch.setenv("TRAINYARD_DATABASE_URL", "postgresql+psycopg://secret@host/name")
    monkeypatch.setenv("TRAINYARD_BROKER_URL", "redis://:secret@host")
    trainer = TrainerProcess({"MARK": "1"}, [sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        environment = psutil.Process(trainer.pid).environ()
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


def test_a_trainer_that_ends_tells_how():
    trainer = TrainerProcess({}, [sys.executable, str(STAND_IN)])
    trainer.wait_until_ready()
    trainer.kill()

    with pytest.raises(TrainerLost, match="killed by SIGKILL"):
        trainer.next_report(5)


def _command(folder: Path) -> TrainCommand:
    return TrainCommand(
        run_id="1",
        spec={"name": "succeeds"},
        datasets_dir=str(folder),
        cache_dir=str(folder),
        output_dir=str(folder),
        log_path=str(folder / "log"),
    )
