import os
import time
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core.alias_targets import make_targets
from core.checkpoints import Checkpoint
from core.progress import MetricBatch
from core.retention import Reason, RetentionPolicy
from core.run_state import RunState
from db import aliases, checkpoints, claims, resuming, retention, runs, space, stored_files
from db.records.metrics import MetricSeriesRecord
from db.records.registry import ModelVersionRecord
from db.records.runs import ArtifactRecord, AttemptRecord, RunRecord
from db.session import Database
from db.sweeping import sweep
from db.upgrade import upgrade_database
from storage.artifact_folder import ArtifactFolder

DAY = 24 * 3600.0


@pytest.fixture
def store(tmp_path):
    return ArtifactFolder(tmp_path / "artifacts")


@pytest.fixture
def train(database, store, tmp_path):
    """Train a run that ended so many days ago; return its id."""

    def make(days=0.0, content=None, *, succeeds=True, checkpoint=None, **changes):
        options = {"experiment": "trials", "model_name": "adder", "spec": {"seed": 7}} | changes
        with database.transaction() as session:
            run_id = runs.create(session, **options).id
            claimed = claims.claim_run(session, owner="w", lease_seconds=60)
        path = tmp_path / "file"
        path.write_bytes(str(run_id).encode() if content is None else content)
        files = [store.put(path, "model.onnx")]
        age(store, files[0].sha256)
        batch = MetricBatch(key="train/loss", steps=(1, 2), values=(0.5, 0.25), times=(10.0, 11.0))
        with database.transaction() as session:
            claims.record_progress(session, run_id, claimed.attempt, 60, batches=[batch])
            if checkpoint is not None:
                path.write_bytes(checkpoint)
                saved = store.put(path, "checkpoint.npz")
                age(store, saved.sha256)
                last = Checkpoint(step=2, epoch=1, sha256=saved.sha256, num_bytes=saved.num_bytes)
                resuming.record_checkpoint(session, run_id, claimed.attempt, 60, last)
            if succeeds:
                claims.finish_run(session, run_id, claimed.attempt, artifacts=files, phases={})
            else:
                claims.cancel_running(session, run_id, claimed.attempt, artifacts=files)
            ended = session.scalars(select(RunRecord.ended_at).where(RunRecord.id == run_id)).one()
            session.execute(
                update(RunRecord).where(RunRecord.id == run_id).values(ended_at=ended - timedelta(days=days))
            )
        return run_id

    return make


def age(store, sha256):
    """A file that is older than every run that may be running."""
    moment = time.time() - 7 * DAY
    os.utime(store.path(sha256), (moment, moment))


def left(database):
    with database.reading() as session:
        return set(session.scalars(select(RunRecord.id)))


def names(database, policy):
    with database.reading() as session:
        return retention.forecast(session, policy, limit=1000)


def apply(database, store, policy):
    return sweep(database, store, policy, max_seconds=60)


def test_runs_beyond_their_age_go_with_all_that_they_left(database, store, train):
    old, young = train(days=40), train(days=1)
    done = apply(database, store, RetentionPolicy(max_age_seconds=30 * DAY))
    assert left(database) == {young}
    assert (done.num_runs, done.num_files, done.freed_bytes, done.is_complete) == (1, 1, 36, True)
    with database.reading() as session:
        for record in (AttemptRecord, ArtifactRecord, MetricSeriesRecord, ModelVersionRecord):
            assert set(session.scalars(select(record.run_id))) == {young}
        assert retention.find_sweep(session).num_runs == 1
    assert len(list(store.root.glob("??/*"))) == 1
    assert old not in left(database)


def test_the_newest_runs_are_kept_in_all_and_of_each_experiment(database, store, train):
    a = [train(days=10 - day, experiment="a") for day in range(4)]
    b = [train(days=5 - day, experiment="b") for day in range(2)]
    found = names(database, RetentionPolicy(max_runs_per_experiment=2))
    assert [(run.id, run.reason) for run in found.runs] == [(run, Reason.EXPERIMENT_COUNT) for run in a[:2]]
    # Newest first: b, b, a, a, a, a.
    found = names(database, RetentionPolicy(max_runs=3))
    assert [run.id for run in found.runs] == a[:3]
    assert {run.reason for run in found.runs} == {Reason.COUNT}
    apply(database, store, RetentionPolicy(max_runs=3, max_runs_per_experiment=1))
    assert left(database) == {a[3], b[1]}


def test_what_a_dry_run_tells_is_what_is_deleted(database, store, train):
    shared = b"the same file"
    ids = [train(days=50 - day, content=shared if day % 3 == 0 else None) for day in range(9)]
    kept = train(days=60, tags={"keep": ""}, content=shared)
    policy = RetentionPolicy(max_age_seconds=45.5 * DAY)
    told = names(database, policy)
    assert [run.id for run in told.runs] == ids[:5]
    # Two of the five share a file with the run that is kept.
    assert (told.num_runs, told.num_files, told.freed_bytes, told.num_points) == (5, 3, 3 * 36, 10)
    done = apply(database, store, policy)
    assert (done.num_runs, done.num_files, done.freed_bytes) == (told.num_runs, told.num_files, told.freed_bytes)
    assert left(database) == {kept, *ids[5:]}
    assert names(database, policy).num_runs == 0


def test_a_file_that_only_deleted_runs_share_is_removed_once(database, store, train):
    for day in range(3):
        train(days=50 - day, content=b"shared")
    train()
    told = names(database, RetentionPolicy(max_age_seconds=DAY))
    assert (told.num_runs, told.num_files, told.freed_bytes) == (3, 1, 6)
    assert apply(database, store, RetentionPolicy(max_age_seconds=DAY)).num_files == 1


def test_checkpoints_go_with_their_run_unless_another_goes_on_from_them(database, store, train):
    own, shared = b"of one run", b"of two runs"
    train(days=50, checkpoint=own)
    source = train(days=49, checkpoint=shared)
    further = train(checkpoint=shared)
    policy = RetentionPolicy(max_age_seconds=DAY)
    told = names(database, policy)
    assert (told.num_files, told.freed_bytes) == (3, 36 + len(own) + 36)
    assert [run.num_bytes for run in told.runs] == [36 + len(own), 36 + len(shared)]
    done = apply(database, store, policy)
    assert (done.num_files, done.freed_bytes) == (told.num_files, told.freed_bytes)
    with database.reading() as session:
        (kept,) = checkpoints.list_of_run(session, further)
        assert checkpoints.list_of_run(session, source) == []
    assert store.path(kept.sha256).read_bytes() == shared
    assert len(list(store.root.glob("??/*"))) == 2


def test_nothing_that_is_used_is_ever_deleted(database, store, train):
    tagged = train(days=90, tags={'a "quoted" tag': "x", "keep": "no matter what"})
    aliased, shadow, split = train(days=80), train(days=79), train(days=78)
    loose = train(days=77)
    newest = train(days=76)
    other = train(days=75, model_name="other")
    failed = train(days=74, succeeds=False)
    set_alias(database, "production", {2: 1, 4: 1}, shadow=3)
    with database.transaction() as session:
        queued = runs.create(session, experiment="e", model_name="adder", spec={"seed": 1}).id
        running = runs.create(session, experiment="e", model_name="adder", spec={"seed": 1}, priority=9).id
        claims.claim_run(session, owner="w", lease_seconds=60)
    policy = RetentionPolicy(max_age_seconds=DAY)
    assert {run.id for run in names(database, policy).runs} == {loose, failed}
    apply(database, store, policy)
    assert left(database) == {tagged, aliased, shadow, split, newest, other, queued, running}
    quoted = RetentionPolicy(max_age_seconds=DAY, keep_tag='a "quoted" tag', keep_newest=False)
    assert {run.id for run in names(database, quoted).runs} == {newest, other}
    kept = RetentionPolicy(max_age_seconds=DAY, keep_newest=False, kept_versions=(("adder", 6), ("other", 9)))
    assert {run.id for run in names(database, kept).runs} == {other}
    untagged = RetentionPolicy(max_age_seconds=DAY, keep_tag=None)
    assert {run.id for run in names(database, untagged).runs} == {tagged}


def test_an_alias_that_is_set_after_the_look_keeps_its_run(database, train):
    ids = [train(days=50 - day) for day in range(3)]
    policy = RetentionPolicy(max_age_seconds=DAY)
    with database.reading() as session:
        found = retention.list_doomed(session, policy, limit=10)
    assert found == ids[:2]
    set_alias(database, "production", {1: 1})
    with database.transaction() as session:
        assert retention.delete_some(session, policy, found).ids == (ids[1],)


def test_a_sweep_that_is_killed_between_rows_and_files_leaves_the_rest_whole(database, store, train, monkeypatch):
    ids = [train(days=50 - day) for day in range(3)]

    def die(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(stored_files, "remove_files", die)
    policy = RetentionPolicy(max_age_seconds=DAY)
    with pytest.raises(KeyboardInterrupt):
        apply(database, store, policy)
    monkeypatch.undo()
    assert left(database) == {ids[2]}
    with database.reading() as session:
        assert retention.find_sweep(session).ended_at is None
        for sha256 in session.scalars(select(ArtifactRecord.sha256)):
            assert store.path(sha256).is_file()
    done = apply(database, store, policy)
    assert (done.num_runs, done.is_complete) == (0, True)


def test_a_policy_that_says_nothing_deletes_nothing(database, store, train):
    run_id = train(days=5000)
    assert not RetentionPolicy().deletes_any
    assert apply(database, store, RetentionPolicy()).num_runs == 0
    assert left(database) == {run_id}


def test_sweeps_at_once_delete_each_run_once(database, store, train, at_once):
    for day in range(12):
        train(days=50 - day)
    policy = RetentionPolicy(max_age_seconds=DAY)
    found = at_once(*[lambda: apply(database, store, policy)] * 4)
    assert [error for error in found if isinstance(error, Exception)] == []
    assert sum(done.num_runs for done in found) == 11
    assert sum(done.num_files for done in found) == 11


def test_a_sqlite_file_shrinks_once_rows_are_deleted(tmp_path):
    path = tmp_path / "new.db"
    upgrade_database(f"sqlite:///{path}")
    database = Database(f"sqlite:///{path}")
    with database.transaction() as session:
        for _ in range(300):
            runs.create(session, experiment="e", model_name="m", spec={"seed": 1, "text": "x" * 20_000})
        session.execute(update(RunRecord).values(state=RunState.CANCELLED, ended_at=RunRecord.created_at))
    # Closing the last connection writes the log into the file.
    database.dispose()
    before = path.stat().st_size
    sweep(database, ArtifactFolder(tmp_path), RetentionPolicy(max_runs=10), max_seconds=60)
    assert space.release(database, max_seconds=10) == 0
    database.dispose()
    assert before > 6_000_000
    assert path.stat().st_size < before / 4


def set_alias(database, alias, shares, shadow=None):
    with database.transaction() as session:
        aliases.set_alias(session, "adder", alias, make_targets(shares, shadow))
