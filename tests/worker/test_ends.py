"""Trainers that must not go on: those of a worker that is gone, of an attempt that was taken back, over a limit."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from core.run_state import RunState
from db import expiry
from worker.supervisor import Supervisor

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent

WORKER = f"""
    import sys, time
    from pathlib import Path
    from core.batch_predictions import AnswerKind, BatchPlan, ResultFormat
    from core.settings import Settings
    from worker.messages import TrainCommand
    from worker.predictor_messages import PredictCommand
    from worker.predictor_process import PredictorProcess
    from worker.trainer_pool import TrainerPool
    from worker.trainer_process import TrainerProcess

    folder = sys.argv[1]
    start = lambda environment: TrainerProcess(environment, [sys.executable, {str(HERE / "stand_in_trainer.py")!r}])
    pool = TrainerPool(Settings(data_dir=Path(folder), spare_trainers=1), [{{}}], start)
    pool.open()
    predictor = PredictorProcess({{}}, [sys.executable, {str(HERE / "stand_in_predictor.py")!r}])
    plan = BatchPlan(start=0, stop=1, answers=AnswerKind.LABELS, format=ResultFormat.CSV)
    files = dict.fromkeys(("network", "signature", "dataset", "parts", "scratch"), folder)
    predictor.predict(PredictCommand(plan=plan, attempt=1, name="waits", **files))
    while predictor.next_report(60) is None:
        pass
    with pool.borrow(60) as trainer:
        paths = dict.fromkeys(("datasets_dir", "output_dir", "cache_dir"), folder)
        command = TrainCommand(run_id="1", attempt=1, spec={{"name": "computes"}}, log_path=f"{{folder}}/log", **paths)
        trainer.train(command)
        while (report := trainer.next_report(60)) is None or report.kind != "progress":
            pass
        while not pool._spares.pids:
            time.sleep(0.01)
        pool._spares._spares[0].wait_until_ready()
        print(trainer.pid, *pool._spares.pids, predictor.pid, flush=True)
        time.sleep(600)
"""


def has_ended(process):
    """Return True of a process that is gone, also if nobody has asked for its end yet."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.parametrize("is_stopped", [False, True])
def test_no_process_outlives_a_worker_that_was_killed_by_two_seconds(tmp_path, wait_until, is_stopped):
    command = [sys.executable, "-c", textwrap.dedent(WORKER), str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as worker:
        # A trainer in a native call, a spare, and the process of a batch prediction.
        children = [psutil.Process(int(pid)) for pid in worker.stdout.readline().split()]
        assert len(children) == 3
        if is_stopped:
            os.kill(worker.pid, signal.SIGSTOP)
        worker.kill()
        worker.wait()
        wait_until(lambda: all(map(has_ended, children)), 2)


@pytest.mark.parametrize(
    "process", ["trainer_process import TrainerProcess", "predictor_process import PredictorProcess"]
)
def test_a_process_that_is_only_starting_does_not_outlive_its_worker_either(wait_until, process):
    program = f"import time; from worker.{process} as Child; print(Child({{}}).pid, flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True) as worker:
        child = psutil.Process(int(worker.stdout.readline()))
        worker.kill()
        worker.wait()
        wait_until(lambda: has_ended(child), 2)


def test_the_trainer_of_a_run_that_made_no_progress_is_killed_by_its_worker(
    settings, database, make_pool, queue, in_background, wait_until
):
    pool = make_pool()
    supervisor = Supervisor(settings, database, pool)
    run = queue.submit("is-deaf")
    wait_until(lambda: pool.num_idle == 1)
    with pool.borrow(20) as trainer:
        process = psutil.Process(trainer.pid)
    in_background(supervisor.answer_doorbell)
    queue.wait_for(run, RunState.RUNNING)
    wait_until(lambda: (queue.get(run).progress or {}).get("step"))
    supervisor.drain()

    with database.transaction() as session:
        (taken,) = expiry.end_stalled(session, 0.0)

    assert (taken.job_id, taken.state) == (run.id, RunState.QUEUED)
    wait_until(lambda: not process.is_running())


def test_a_run_whose_trainer_takes_too_much_memory_fails_once_and_says_which_setting(
    settings, database, make_pool, queue
):
    pool = make_pool()
    small = settings.model_copy(update={"run_max_memory_bytes": 250 * 2**20})
    run = queue.submit("takes-memory")

    Supervisor(small, database, pool).answer_doorbell()

    record = queue.get(run)
    assert (record.state, record.attempt, record.error.code) == (RunState.FAILED, 1, "memory_limit")
    assert "TRAINYARD_RUN_MAX_MEMORY_BYTES" in record.error.detail
    assert record.dead_since is None


def test_a_trainer_that_the_kernel_killed_for_lack_of_memory_is_named_so(start_trainer, monkeypatch):
    kills = iter([0, 1])
    monkeypatch.setattr("worker.child_process.count_memory_kills", lambda: next(kills))
    trainer = start_trainer({})
    trainer.kill()
    assert trainer.describe_end() == "killed by SIGKILL: the kernel ended a process of this worker for lack of memory"
