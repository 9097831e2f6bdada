import math
from uuid import uuid4

import pytest
from sqlalchemy.exc import SQLAlchemyError

from core.errors import Conflict, IllegalMove, InvalidInput, UnknownModel, UnknownRun, VersionServed
from core.progress import MetricBatch, Phase, Progress
from core.run_state import RunState
from db import aliases, artifacts, claims, metrics, model_versions, new_runs, runs
from db.cursors import write_cursor
from db.records.jobs import AttemptOutcome, Interruption
from db.records.metrics import MetricPointRecord


def read(database, run_id):
    with database.reading() as session:
        return runs.get(session, run_id)


def pages(database, **filters):
    """Return every page of a list as run ids."""
    cursor, found = None, []
    while True:
        with database.reading() as session:
            page = runs.list_page(session, cursor=cursor, **filters)
        found.append([run.id for run in page.items])
        cursor = page.next_cursor
        if cursor is None:
            return found


def test_new_run_is_queued(database):
    with database.transaction() as session:
        made = runs.create(
            session,
            experiment="trials",
            model_name="adder",
            spec={"seed": 7, "training": {"epochs": 5}},
            preset="binary-adder",
            tags={"who": "me"},
            max_attempts=2,
        )
    run = read(database, made.id)
    assert run.id.version == 7
    assert (run.state, run.attempt, run.max_attempts, run.revision) == (RunState.QUEUED, 0, 2, 1)
    assert (run.experiment, run.model_name, run.preset, run.seed) == ("trials", "adder", "binary-adder", 7)
    assert (run.spec, run.tags) == ({"seed": 7, "training": {"epochs": 5}}, {"who": "me"})
    assert run.created_at == run.queued_at == run.updated_at
    assert run.created_at.utcoffset().total_seconds() == 0
    assert (run.started_at, run.ended_at, run.progress, run.model_version) == (None, None, None, None)


def test_run_is_gone_when_its_transaction_fails(database):
    made = []

    def fail():
        with database.transaction() as session:
            made.append(runs.create(session, experiment="trials", model_name="adder", spec={}).id)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with pytest.raises(UnknownRun):
        read(database, made[0])


def test_equal_specs_have_equal_hashes():
    first = new_runs.hash_spec({"b": [1, 2], "a": {"d": 1.5, "c": None}})
    assert first == new_runs.hash_spec({"a": {"c": None, "d": 1.5}, "b": [1, 2]})
    assert first != new_runs.hash_spec({"a": {"c": None, "d": 1.5}, "b": [2, 1]})


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"tags": {"note": ["a\x00b"]}}, "/tags/note/0"),
        ({"spec": {"a/b": {"~": "\ud800"}}}, "/spec/a~1b/~0"),
        ({"experiment": "\x00"}, "/experiment"),
    ],
)
def test_text_that_cannot_be_stored_is_rejected(queue_run, changes, pointer):
    with pytest.raises(InvalidInput) as caught:
        queue_run(**changes)
    assert caught.value.problems[0].pointer == pointer


def test_any_other_text_reads_back_as_it_was(database, queue_run):
    tags = {"smile": "\U0001f600 \\u0000 ' \" \n", "$float": "nan", "deep": {"$float": "nan"}, "n": [math.inf]}
    assert read(database, queue_run(tags=tags)).tags == tags


def test_unknown_run_is_named(database):
    run_id = uuid4()
    with pytest.raises(UnknownRun, match=str(run_id)), database.reading() as session:
        runs.get(session, run_id)


def test_pages_go_from_newest_to_oldest(database, queue_run):
    made = [queue_run() for _ in range(5)]
    assert pages(database, limit=2) == [[made[4], made[3]], [made[2], made[1]], [made[0]]]


def test_last_full_page_has_no_cursor(database, queue_run):
    made = [queue_run() for _ in range(4)]
    assert pages(database, limit=2) == [[made[3], made[2]], [made[1], made[0]]]


def test_runs_of_the_same_instant_are_each_listed_once(database):
    with database.transaction() as session:
        made = [runs.create(session, experiment="trials", model_name="adder", spec={}) for _ in range(5)]
        instant = made[0].created_at
        for run in made:
            run.created_at = instant
    listed = [run_id for page in pages(database, limit=2) for run_id in page]
    assert listed == sorted((run.id for run in made), reverse=True)


def test_pages_are_stable_while_runs_are_added(database, queue_run):
    made = [queue_run() for _ in range(4)]
    with database.reading() as session:
        first = runs.list_page(session, limit=2)
    queue_run()
    with database.reading() as session:
        second = runs.list_page(session, limit=2, cursor=first.next_cursor)
    assert [run.id for run in [*first.items, *second.items]] == made[::-1]
    assert second.next_cursor is None


def test_list_is_filtered(database, queue_run, claim):
    first = queue_run()
    other_model = queue_run(model_name="iris")
    other_experiment = queue_run(experiment="others")
    claim()
    assert pages(database, states=[RunState.RUNNING]) == [[first]]
    assert pages(database, states=[RunState.RUNNING, RunState.QUEUED]) == [[other_experiment, other_model, first]]
    assert pages(database, states=[RunState.FAILED]) == [[]]
    assert pages(database, experiment="others") == [[other_experiment]]
    assert pages(database, model_name="iris") == [[other_model]]
    assert pages(database, experiment="others", model_name="iris") == [[]]


def test_listed_runs_are_loaded_without_their_specs(database, queue_run):
    queue_run()
    with database.reading() as session:
        (run,) = runs.list_page(session).items
    assert run.tags == {}
    with pytest.raises(SQLAlchemyError):
        _ = run.spec


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "é",
        "bm90IGpzb24",
        write_cursor(1),
        write_cursor("a", "b"),
        write_cursor(1, "no uuid"),
        write_cursor(10**30, "0" * 32),
        write_cursor(True, "0" * 32),
    ],
)
def test_bad_cursor_is_rejected(database, cursor):
    with pytest.raises(InvalidInput, match="is not a cursor"), database.reading() as session:
        runs.list_page(session, cursor=cursor)


def test_cancelling_a_queued_run_ends_it(database, queue_run):
    run_id = queue_run()
    with database.transaction() as session:
        cancelled = runs.cancel(session, run_id)
    assert (cancelled.state, cancelled.revision) == (RunState.CANCELLED, 2)
    assert cancelled.ended_at is not None
    with database.transaction() as session:
        assert claims.claim_run(session, owner="worker-1", lease_seconds=60) is None


def test_cancelling_a_running_run_asks_its_attempt(database, queue_run, claim):
    run_id = queue_run()
    claim()
    with database.transaction() as session:
        asked = runs.cancel(session, run_id)
    assert (asked.state, asked.ended_at) == (RunState.RUNNING, None)
    assert asked.cancel_requested_at is not None


@pytest.mark.parametrize("is_running", [False, True])
def test_cancelling_again_changes_nothing(database, queue_run, claim, is_running):
    run_id = queue_run()
    if is_running:
        claim()
    revisions = []
    for _ in range(2):
        with database.transaction() as session:
            revisions.append(runs.cancel(session, run_id).revision)
    assert revisions[0] == revisions[1]


def test_a_queued_run_is_paused_at_once_and_resumed_as_new(database, queue_run, claim):
    run_id = queue_run()
    with database.transaction() as session:
        paused = runs.pause(session, run_id)
        assert (paused.state, paused.interruption) == (RunState.PAUSED, None)
        revision = paused.revision
        assert runs.pause(session, run_id).revision == revision
        assert claims.claim_run(session, owner="worker-1", lease_seconds=60.0) is None
    before = read(database, run_id).queued_at
    with database.transaction() as session:
        resumed = runs.resume(session, run_id)
        assert (resumed.state, resumed.revision) == (RunState.QUEUED, revision + 1)
        assert resumed.queued_at >= before
        assert runs.resume(session, run_id).revision == revision + 1
    assert claim().run_id == run_id


def test_a_running_run_is_asked_to_pause_until_it_is_resumed(database, queue_run, claim):
    run_id = queue_run()
    claim()
    with database.transaction() as session:
        asked = runs.pause(session, run_id)
        assert (asked.state, asked.interruption) == (RunState.RUNNING, Interruption.PAUSE)
        resumed = runs.resume(session, run_id)
        assert (resumed.state, resumed.interruption) == (RunState.RUNNING, None)


def test_a_run_that_makes_room_is_not_kept_by_resuming_it(database, queue_run, claim):
    run_id = queue_run()
    claim()
    with database.transaction() as session:
        runs.get(session, run_id).interruption = Interruption.PREEMPTION
        session.flush()
        assert runs.resume(session, run_id).interruption == Interruption.PREEMPTION
        # A pause lasts longer than making room.
        assert runs.pause(session, run_id).interruption == Interruption.PAUSE


def test_a_paused_run_keeps_its_progress_until_it_is_queued_again(database, queue_run, claim):
    run_id = queue_run()
    claimed = claim()
    progress = Progress(Phase.TRAIN, epoch=1, num_epochs=2, step=5, num_steps=10)
    with database.transaction() as session:
        claims.record_progress(session, run_id, claimed.attempt, 60.0, progress=progress, batches=[])
        runs.pause(session, run_id)
        state = claims.release_run(session, run_id, claimed.attempt, reason="paused", outcome=AttemptOutcome.PAUSED)
        assert state == RunState.PAUSED
    assert read(database, run_id).progress["step"] == 5
    with database.transaction() as session:
        assert runs.resume(session, run_id).progress is None


def test_a_paused_run_can_be_cancelled_but_an_ended_one_not_be_paused(database, queue_run):
    run_id = queue_run()
    with database.transaction() as session:
        runs.pause(session, run_id)
        cancelled = runs.cancel(session, run_id)
        assert cancelled.state == RunState.CANCELLED
        assert cancelled.ended_at is not None
    for change in (runs.pause, runs.resume):
        with pytest.raises(IllegalMove), database.transaction() as session:
            change(session, run_id)


def test_a_run_that_is_being_cancelled_is_not_paused(database, queue_run, claim):
    run_id = queue_run()
    claim()
    with database.transaction() as session:
        runs.cancel(session, run_id)
    with pytest.raises(IllegalMove, match="is being cancelled"), database.transaction() as session:
        runs.pause(session, run_id)


def test_succeeded_run_cannot_be_cancelled(database, finished_run):
    run_id = finished_run()
    with pytest.raises(IllegalMove, match="succeeded"), database.transaction() as session:
        runs.cancel(session, run_id)


def test_unknown_run_cannot_be_cancelled(database):
    with pytest.raises(UnknownRun), database.transaction() as session:
        runs.cancel(session, uuid4())


def test_deleting_takes_everything_of_the_run(database, queue_run, claim, finish, make_artifact):
    run_id = queue_run()
    claimed = claim()
    with database.transaction() as session:
        batch = MetricBatch(key="train/loss", steps=(1,), values=(0.5,), times=(1.0,))
        claims.record_progress(session, run_id, claimed.attempt, 60, batches=[batch])
    finish(claimed, make_artifact())
    with database.transaction() as session:
        aliases.set_alias(session, "adder", "best", 1)
        deletion = runs.delete(session, run_id, force=True)
        assert (deletion.files, deletion.newest_version) == (["a" * 64], None)
    with database.reading() as session:
        with pytest.raises(UnknownRun):
            runs.get(session, run_id)
        with pytest.raises(UnknownModel):
            model_versions.resolve(session, "adder", "best")
        assert runs.list_attempts(session, run_id) == []
        assert artifacts.list_for_run(session, run_id) == []
        assert metrics.list_keys(session, run_id) == []
        assert session.query(MetricPointRecord).count() == 0


def test_deleting_returns_only_files_that_no_other_run_refers_to(database, finished_run, make_artifact):
    first = finished_run(make_artifact("model.onnx", "b"), make_artifact("signature.json", "c"))
    second = finished_run(make_artifact("model.onnx", "a"), make_artifact("signature.json", "c"))
    with database.transaction() as session:
        assert runs.delete(session, first).files == ["b" * 64]
        assert runs.delete(session, second).files == ["a" * 64, "c" * 64]


@pytest.mark.parametrize("is_running", [False, True])
def test_run_that_has_not_ended_cannot_be_deleted(database, queue_run, claim, is_running):
    run_id = queue_run()
    if is_running:
        claim()
    with pytest.raises(Conflict, match="Cancel it"), database.transaction() as session:
        runs.delete(session, run_id)
    assert read(database, run_id).id == run_id


def test_a_version_that_aliases_point_to_is_deleted_by_force_only(database, finished_run):
    older, served = finished_run(), finished_run()
    with database.transaction() as session:
        aliases.set_alias(session, "adder", "stable", 2)
        aliases.set_alias(session, "adder", "best", 2)
        aliases.set_alias(session, "adder", "former", 1)
    expected = "The aliases 'best', 'stable' point to version 2 of model 'adder'. Set"
    with pytest.raises(VersionServed, match=expected), database.transaction() as session:
        runs.delete(session, served)
    assert read(database, served).id == served
    with database.transaction() as session:
        deletion = runs.delete(session, served, force=True)
        assert deletion.version is not None
        assert (deletion.version.version, deletion.version.aliases) == (2, ("best", "stable"))
        assert (deletion.deleted_aliases, deletion.changed_aliases) == (("best", "stable"), ())
        assert deletion.newest_version == 1
        assert model_versions.get_version(session, "adder", 1).aliases == ("former",)
    with database.transaction() as session:
        aliases.delete_alias(session, "adder", "former")
        assert runs.delete(session, older).newest_version is None


def test_a_run_without_a_version_is_deleted_alone(database, queue_run):
    run_id = queue_run()
    with database.transaction() as session:
        runs.cancel(session, run_id)
        assert runs.delete(session, run_id) == runs.Deletion([])


def test_runs_are_counted_by_state(database, queue_run, claim):
    queue_run()
    queue_run()
    claim()
    with database.reading() as session:
        counts = runs.count_by_state(session)
    assert counts == {
        RunState.QUEUED: 1,
        RunState.RUNNING: 1,
        RunState.PAUSED: 0,
        RunState.SUCCEEDED: 0,
        RunState.FAILED: 0,
        RunState.CANCELLED: 0,
    }
