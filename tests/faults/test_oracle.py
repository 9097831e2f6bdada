"""The judge finds what it is there to find: on a real database, with runs that end as workers end them."""

import hashlib
from types import SimpleNamespace
from uuid import uuid4

import pytest
from sqlalchemy import insert, select

from core.run_report import RunError
from core.run_state import RunState
from core.settings import Settings
from db import claims, runs
from db.records.events import RunChangeRecord
from db.records.registry import ModelVersionRecord
from db.session import Database
from faults import oracle, records
from faults.ledger import Accepted
from faults.oracle import compare, judge
from faults.site import Result
from storage.artifact_folder import ArtifactFolder

SPEC = {"seed": 1}
POINTS = (("train/loss", "1", "0.5"), ("train/loss", "2", "0.25"), ("train/loss", "3", "0.125"))
RIGHT = Result(POINTS, {"model.onnx": "a", "evaluation.json": "b"})


class Trial:
    """A database with runs, and what was accepted."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.database = Database(settings.effective_database_url)
        self.store = ArtifactFolder(settings.artifacts_dir)
        self.accepted = {}
        self.found = RIGHT

    def submit(self, expected=RunState.SUCCEEDED):
        with self.database.transaction() as session:
            run_id = runs.create(session, experiment="faults", model_name="faults", spec=SPEC).id
        self.accepted[run_id] = Accepted(run_id, SPEC, expected)
        return run_id

    def claim(self):
        with self.database.transaction() as session:
            return claims.claim_run(session, owner="worker", lease_seconds=60)

    def finish(self):
        claimed = self.claim()
        path = self.settings.data_dir / "model.onnx"
        path.write_text("weights")
        artifacts = [self.store.put(path)]
        with self.database.transaction() as session:
            claims.finish_run(session, claimed.run_id, claimed.attempt, artifacts=artifacts, phases={})

    def judge(self):
        site = SimpleNamespace(
            database=self.database,
            count_runs=lambda: records.count_runs(self.database),
            service=SimpleNamespace(settings=self.settings),
            read_result=lambda _: self.found,
            reference=lambda _: RIGHT,
        )
        return judge(site, SimpleNamespace(accepted=self.accepted), num_runs_before=0)


@pytest.fixture
def trial(sqlite_url, tmp_path, monkeypatch):
    monkeypatch.setattr(oracle, "DEADLINE_SECONDS", 0.05)
    trial = Trial(Settings(data_dir=tmp_path, database_url=sqlite_url))
    yield trial
    trial.database.dispose()


def test_a_run_that_ended_as_it_should_is_right(trial):
    trial.submit()
    trial.finish()
    verdict = trial.judge()
    assert (verdict.num_runs, verdict.complaints) == (1, [])


def test_a_run_that_does_not_end_is_lost(trial):
    run_id = trial.submit()
    assert trial.judge().lost == [f"run {run_id} is queued, expected succeeded: attempts []."]


def test_a_run_that_is_not_there_is_lost(trial):
    run_id = uuid4()
    trial.accepted[run_id] = Accepted(run_id, SPEC, RunState.SUCCEEDED)
    assert trial.judge().lost == [f"run {run_id} is None, expected succeeded: attempts []."]


def test_a_run_that_failed_is_lost_unless_it_had_to(trial):
    run_id = trial.submit()
    claimed = trial.claim()
    with trial.database.transaction() as session:
        claims.fail_run(session, claimed.run_id, claimed.attempt, error=RunError("invalid_spec", "No.", 1))
    assert trial.judge().lost == [f"run {run_id} is failed, expected succeeded: attempts ['failed']."]
    trial.accepted[run_id] = Accepted(run_id, SPEC, RunState.FAILED)
    assert trial.judge().complaints == []


def test_a_run_that_nobody_asked_for_is_doubled(trial):
    trial.submit()
    trial.finish()
    trial.submit()
    trial.finish()
    trial.accepted.popitem()
    assert trial.judge().doubled == ["2 runs are stored of 1 that were accepted."]


def test_a_second_event_of_success_is_doubled(trial):
    run_id = trial.submit()
    trial.finish()
    with trial.database.transaction() as session:
        columns = [column for column in RunChangeRecord.__table__.columns if column.name != "id"]
        here = (RunChangeRecord.run_id == run_id, RunChangeRecord.state == "succeeded")
        session.execute(
            insert(RunChangeRecord).from_select([one.name for one in columns], select(*columns).where(*here))
        )
    assert trial.judge().doubled == [f"run {run_id} has 2 events of its success, expected 1."]


def test_a_run_without_a_model_version_is_damaged(trial):
    run_id = trial.submit()
    trial.finish()
    with trial.database.transaction() as session:
        session.delete(session.scalars(select(ModelVersionRecord)).one())
    assert f"run {run_id} has no model versions." in trial.judge().damaged


def test_a_file_with_other_bytes_is_damaged(trial):
    trial.submit()
    trial.finish()
    trial.store.path(hashlib.sha256(b"weights").hexdigest()).write_text("weightS")
    (complaint,) = trial.judge().damaged
    assert complaint.startswith("doctor: [file_changed]")


def test_other_curves_than_without_faults_are_damaged(trial):
    run_id = trial.submit()
    trial.finish()
    trial.found = Result(POINTS[:2], RIGHT.files)
    (complaint,) = trial.judge().damaged
    assert complaint.startswith(f"run {run_id}: 1 points of its curves are missing, 0 are others")


@pytest.mark.parametrize(
    ("points", "fault"),
    [
        ((POINTS[0], POINTS[2]), "1 points of its curves are missing"),
        ((*POINTS, ("train/loss", "4", "0.1")), "0 points of its curves are missing, 1 are others"),
        ((POINTS[0], POINTS[1], POINTS[1], POINTS[2]), "step 2 of train/loss follows step 2"),
        ((POINTS[0], ("train/loss", "2", "0.2500001"), POINTS[2]), "1 points of its curves are missing, 1 are others"),
    ],
)
def test_gaps_and_doubles_of_curves_are_found(points, fault):
    assert any(fault in found for found in compare(Result(points, RIGHT.files), RIGHT))


def test_other_weights_are_found():
    assert compare(Result(POINTS, RIGHT.files | {"model.onnx": "c"}), RIGHT) == ["model.onnx has other bytes."]
