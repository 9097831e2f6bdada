"""Batch predictions from claim to end: with the process that workers start, and with a stand-in for it."""

import os
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import psutil
import pytest
from onnx import TensorProto, helper, numpy_helper

from core.batch_predictions import AnswerKind, BatchPlan, OnError, RefusedRow, ResultFormat
from core.errors import DatabaseUnavailable
from core.run_state import TERMINAL_STATES, RunState
from core.served_models import ServedVersion
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec
from core.uploads.folder import DatasetFolder
from db import batch_predictions, claims, datasets, model_versions, runs
from ingest.intake import take_in
from ingest.limits import MIB, Limits
from storage.artifact_folder import ArtifactFolder
from worker.batch_supervisor import BatchSupervisor
from worker.housekeeping import remove_parts
from worker.predictor_process import PredictorProcess

STAND_IN = Path(__file__).with_name("stand_in_predictor.py")
PLAN = BatchPlan(start=0, stop=3, columns=("id",), answers=AnswerKind.VALUES, format=ResultFormat.CSV)
SIGNATURE = ModelSignature(
    task=Task.REGRESSION,
    input_kind=InputKind.COLUMNS,
    input=TensorSpec(name="input", onnx_name="x", shape=(1,)),
    output=TensorSpec(name="output", onnx_name="y", shape=(1,)),
    columns=("x",),
)


def start_stand_in(environment):
    return PredictorProcess(environment, [sys.executable, str(STAND_IN)])


@pytest.fixture
def network(tmp_path):
    """y = 2 x, and its signature."""
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "weights"], ["y"])],
        "double",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 1])],
        [numpy_helper.from_array(np.float32([[2]]), "weights")],
    )
    path, signature = tmp_path / "model.onnx", tmp_path / "signature.json"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    signature.write_text(SIGNATURE.model_dump_json())
    return path, signature


class Queue:
    """Queues batch predictions of a dataset of three rows, and reads their states."""

    def __init__(self, database, settings, network):
        self.database, self.settings = database, settings
        store = ArtifactFolder(settings.artifacts_dir)
        self.files = [store.put(path) for path in network]
        folder = DatasetFolder.of(settings.datasets_dir, "d" * 64)
        folder.path.mkdir(parents=True)
        folder.original.write_bytes(b"id,x\np1,1.5\np2,\np3,4.5\n")
        described = take_in(folder.path, Limits(MIB, 256 * MIB, cpu_seconds=60))
        folder.description.write_text(described.model_dump_json())
        with database.transaction() as session:
            self.dataset = datasets.add(
                session, name="points", sha256="d" * 64, num_bytes=20, described=described, summary="3 rows"
            )[0]

    def submit(self, model="double", **changes):
        with self.database.transaction() as session:
            if model not in model_versions.list_names(session):
                runs.create(session, experiment="tests", model_name=model, spec={})
                claimed = claims.claim_run(session, owner="test", lease_seconds=60)
                claims.finish_run(session, claimed.run_id, claimed.attempt, artifacts=self.files, phases={})
            version = ServedVersion(1, None, self.files[0].sha256, self.files[1].sha256)
            options = {"model_name": model, "version": version, "dataset": self.dataset, "plan": PLAN} | changes
            return batch_predictions.create(session, **options).id

    def get(self, batch_id):
        with self.database.reading() as session:
            return batch_predictions.get(session, batch_id)

    def cancel(self, batch_id):
        with self.database.transaction() as session:
            batch_predictions.cancel(session, batch_id)

    def parts(self, batch_id):
        return self.settings.batch_predictions_dir / str(batch_id)

    def result(self, batch_id):
        return ArtifactFolder(self.settings.artifacts_dir).verified_path(self.get(batch_id).result_sha256).read_text()


@pytest.fixture
def batches(database, settings, network):
    return Queue(database, settings, network)


@pytest.fixture
def supervisor(settings, database):
    return BatchSupervisor(settings, database)


@pytest.fixture
def with_stand_in(settings, database):
    return BatchSupervisor(settings, database, start_stand_in)


def test_every_queued_one_is_answered_by_a_process_without_addresses(supervisor, batches, settings, monkeypatch):
    monkeypatch.setenv("TRAINYARD_DATABASE_URL", "sqlite:///nowhere")
    ids = [batches.submit() for _ in range(2)]
    assert supervisor.work() == 2
    for batch_id in ids:
        record = batches.get(batch_id)
        assert (record.state, record.error) == (RunState.SUCCEEDED, None)
        assert record.result_name == "double-1-points.csv"
        assert record.progress["num_done"] == 3
        assert record.refused_rows == (RefusedRow(1, "It has null for x, not a number."),)
        assert batches.result(batch_id).splitlines() == [
            "row,id,prediction,error",
            "0,p1,3.0,",
            '1,p2,,"It has null for x, not a number."',
            "2,p3,9.0,",
        ]
        assert not batches.parts(batch_id).exists()
    assert not list(settings.scratch_dir.glob("*"))
    assert supervisor.work() == 0


def test_a_bad_row_fails_it_for_good_where_that_is_asked_for(supervisor, batches):
    batch_id = batches.submit(plan=PLAN.model_copy(update={"on_error": OnError.FAIL}))
    supervisor.work()
    record = batches.get(batch_id)
    assert (record.state, record.attempt, record.error.code) == (RunState.FAILED, 1, "invalid_input")
    assert record.error.detail.startswith("Row 1 cannot be answered. It has null for x")
    assert not batches.parts(batch_id).exists()


def test_a_network_that_is_gone_fails_it(supervisor, batches, settings):
    batch_id = batches.submit()
    ArtifactFolder(settings.artifacts_dir).delete(batches.files[0].sha256)
    supervisor.work()
    assert batches.get(batch_id).error.code == "artifact_corrupt"


def test_a_dataset_that_is_gone_fails_it(supervisor, batches, settings):
    batch_id = batches.submit()
    DatasetFolder.of(settings.datasets_dir, "d" * 64).table.unlink()
    supervisor.work()
    assert batches.get(batch_id).error.code == "dataset_missing"


def test_a_process_that_dies_is_started_again_until_the_attempts_are_used_up(with_stand_in, batches):
    batch_id = batches.submit("crashes", max_attempts=2)
    assert with_stand_in.work() == 2
    record = batches.get(batch_id)
    assert (record.state, record.attempt, record.error.code) == (RunState.FAILED, 2, "predictor_lost")
    assert "killed by SIGKILL" in record.error.detail


def test_a_process_that_says_something_else_is_lost(with_stand_in, batches):
    batch_id = batches.submit("talks", max_attempts=1)
    with_stand_in.work()
    assert batches.get(batch_id).error.code == "predictor_lost"
    assert not is_running(batches, batch_id)


def test_an_error_that_another_attempt_would_have_too_ends_it(with_stand_in, batches):
    batch_id = batches.submit("fails")
    assert with_stand_in.work() == 1
    assert batches.get(batch_id).error.detail == "Row 1 cannot be answered."


def test_a_process_that_cannot_be_started_counts_as_lost(settings, database, batches):
    def refuse(_environment):
        raise OSError(12, "Cannot allocate memory")

    batch_id = batches.submit(max_attempts=1)
    BatchSupervisor(settings, database, refuse).work()
    assert "Cannot allocate memory" in batches.get(batch_id).error.detail


def is_running(batches, batch_id):
    noted = batches.parts(batch_id) / "process"
    if not noted.is_file():
        return False
    return psutil.pid_exists(int(noted.read_text() or 0))


def reported(batches, batch_id):
    """True once the process is at work and its progress is stored."""
    return (batches.get(batch_id).progress or {}).get("num_done") == 1


def test_a_cancelled_one_stops_and_leaves_nothing(with_stand_in, batches, in_background, wait_until):
    batch_id = batches.submit("waits")
    in_background(with_stand_in.work)
    wait_until(lambda: reported(batches, batch_id))
    pid = int((batches.parts(batch_id) / "process").read_text())
    batches.cancel(batch_id)
    wait_until(lambda: batches.get(batch_id).state in TERMINAL_STATES)
    assert batches.get(batch_id).state == RunState.CANCELLED
    wait_until(lambda: not batches.parts(batch_id).exists())
    assert not psutil.pid_exists(pid)


def test_a_drain_returns_it_to_the_queue_with_its_parts(with_stand_in, batches, in_background, wait_until):
    batch_id = batches.submit("waits", max_attempts=1)
    in_background(with_stand_in.work)
    wait_until(lambda: reported(batches, batch_id))
    with_stand_in.drain()
    wait_until(lambda: batches.get(batch_id).state == RunState.QUEUED)
    assert not is_running(batches, batch_id)
    assert batches.parts(batch_id).is_dir()
    assert batches.get(batch_id).num_crashes == 0


def test_an_attempt_that_lost_its_lease_writes_nothing(with_stand_in, database, batches, in_background, wait_until):
    batch_id = batches.submit("waits")
    thread = in_background(with_stand_in.work)
    wait_until(lambda: reported(batches, batch_id))
    with database.transaction() as session:
        batch_predictions.release(session, batch_id, 1, reason="taken back")
        second = batch_predictions.claim(session, owner="another", lease_seconds=60)
    wait_until(lambda: not is_running(batches, batch_id))
    thread.join(timeout=30)
    record = batches.get(batch_id)
    assert (record.state, record.attempt, record.owner) == (RunState.RUNNING, second.attempt, "another")


def test_an_attempt_that_takes_too_long_fails(settings, database, batches):
    batch_id = batches.submit("waits")
    changed = settings.model_copy(update={"run_timeout_seconds": 0.3})
    BatchSupervisor(changed, database, start_stand_in).work()
    assert batches.get(batch_id).error.code == "run_timeout"


def test_a_result_is_kept_while_the_database_is_away(with_stand_in, batches, monkeypatch):
    batch_id = batches.submit()
    finish, failures = batch_predictions.finish, [True, True]

    def fail_twice(*arguments, **options):
        if failures:
            failures.pop()
            raise DatabaseUnavailable("The database does not answer.")
        return finish(*arguments, **options)

    monkeypatch.setattr("worker.batch_supervisor.RETRY_SECONDS", 0.01)
    monkeypatch.setattr(batch_predictions, "finish", fail_twice)
    assert with_stand_in.work() == 1
    assert batches.result(batch_id) == "row,prediction\n0,1\n"


def test_the_thread_finds_what_is_queued_when_it_is_rung_or_by_itself(settings, database, batches, wait_until):
    patient = settings.model_copy(update={"idle_look_seconds": 3600.0})
    supervisor = BatchSupervisor(patient, database, start_stand_in)
    first = batches.submit()
    supervisor.start()
    try:
        wait_until(lambda: batches.get(first).state == RunState.SUCCEEDED)
        second = batches.submit()
        supervisor.ring()
        wait_until(lambda: batches.get(second).state == RunState.SUCCEEDED)
    finally:
        supervisor.stop()


def test_an_outage_does_not_end_the_thread(settings, database, batches, monkeypatch, wait_until):
    impatient = settings.model_copy(update={"idle_look_seconds": 0.02})
    supervisor = BatchSupervisor(impatient, database, start_stand_in)
    look, faults = batch_predictions.is_any_queued, [DatabaseUnavailable("away"), RuntimeError("odd")]

    def fail_first(session):
        if faults:
            raise faults.pop()
        return look(session)

    monkeypatch.setattr(batch_predictions, "is_any_queued", fail_first)
    supervisor.start()
    try:
        batch_id = batches.submit()
        wait_until(lambda: batches.get(batch_id).state == RunState.SUCCEEDED)
    finally:
        supervisor.stop()


def test_parts_of_those_that_have_ended_are_removed_in_time(settings, database, batches):
    ended, waiting, gone = batches.submit(), batches.submit(), "01935a41-7b3e-7c52-8d10-3f9a6c2e5b74"
    batches.cancel(ended)
    folders = [batches.parts(batch_id) for batch_id in (ended, waiting, gone)]
    for folder in (*folders, settings.batch_predictions_dir / "notes"):
        folder.mkdir(parents=True)
        os.utime(folder, (time.time() - 2 * 24 * 3600,) * 2)
    young = batches.parts("01935a41-7b3e-7c52-8d10-3f9a6c2e5b75")
    young.mkdir()
    assert remove_parts(settings, database) == 2
    assert sorted(settings.batch_predictions_dir.iterdir()) == sorted(
        [folders[1], young, settings.batch_predictions_dir / "notes"]
    )
