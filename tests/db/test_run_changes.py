"""Changes of all runs reach every reader once, also those that are committed late."""

import threading

import pytest

from core.errors import InvalidInput
from db import claims, run_changes, runs
from db.run_changes import ChangeMark
from db.session import Database

LEASE_SECONDS = 60.0


@pytest.fixture
def mark(database):
    with database.reading() as session:
        return run_changes.read_mark(session)


@pytest.fixture
def read(database):
    def read_on(mark, num_taken=None):
        with database.reading() as session:
            changes = run_changes.read_changes(session, mark)[:num_taken]
        if changes:
            mark = ChangeMark.read(changes[-1][1].write())
        return [change for change, _ in changes], mark

    return read_on


def create(session):
    return runs.create(session, experiment="trials", model_name="adder", spec={"seed": 7}).id


def states(changes):
    return [(change.state, change.attempt) for change in changes]


def test_each_change_of_state_is_told_once_and_heartbeats_are_not(mark, read, database, queue_run, claim, finish):
    run_id = queue_run()
    claimed = claim()
    with database.transaction() as session:
        claims.renew_lease(session, run_id, claimed.attempt, LEASE_SECONDS)
        claims.record_progress(session, run_id, claimed.attempt, LEASE_SECONDS, latest_metrics={"train/loss": 0.5})
    with database.transaction() as session:
        runs.cancel(session, run_id)
    finish(claimed)
    with database.transaction() as session:
        runs.delete(session, run_id)
    changes, mark = read(mark)
    assert states(changes) == [("queued", 0), ("running", 1), ("running", 1), ("succeeded", 1), ("deleted", 1)]
    assert [change.is_cancelling for change in changes] == [False, False, True, False, False]
    assert {(change.run_id, change.experiment, change.model_name) for change in changes} == {
        (run_id, "trials", "adder")
    }
    assert read(mark)[0] == []


@pytest.mark.parametrize("num_taken", [1, 2, 3])
def test_a_reader_that_is_cut_off_continues_after_what_it_has_taken(mark, read, queue_run, num_taken):
    expected = [queue_run() for _ in range(7)]
    told = []
    while True:
        changes, mark = read(mark, num_taken)
        if not changes:
            break
        told += [change.run_id for change in changes]
    assert told == expected


def test_more_changes_than_are_read_at_once_come_in_parts(mark, read, database, monkeypatch):
    monkeypatch.setattr(run_changes, "MAX_CHANGES", 3)
    with database.transaction() as session:
        expected = [create(session) for _ in range(8)]
    told = []
    while changes := (part := read(mark))[0]:
        mark = part[1]
        told += [change.run_id for change in changes]
    assert told == expected


def test_a_change_that_is_committed_late_is_not_missed(postgresql_url):
    """The slow transaction has the lower number and commits last; between lies a reader that has seen the higher."""
    database = Database(postgresql_url)
    with database.transaction() as session:
        # The first run of a submitter makes a row for it, for which others would wait.
        create(session)
    with database.reading() as session:
        mark = run_changes.read_mark(session)
    has_begun, may_commit = threading.Event(), threading.Event()
    slow = []

    def be_slow():
        with database.transaction() as session:
            slow.append(runs.create(session, experiment="slow", model_name="adder", spec={}).id)
            has_begun.set()
            may_commit.wait(30)

    thread = threading.Thread(target=be_slow)
    thread.start()
    assert has_begun.wait(30)
    with database.transaction() as session:
        fast = create(session)
    with database.transaction() as session:
        faster = create(session)
    with database.reading() as session:
        seen = run_changes.read_changes(session, mark)
        whole, cut = seen[-1][1], seen[0][1]
    assert [change.run_id for change, _ in seen] == [fast, faster]
    may_commit.set()
    thread.join()
    with database.reading() as session:
        assert [change.run_id for change, _ in run_changes.read_changes(session, whole)] == slow
        # A reader that was cut off in the middle of what it was sent gets the rest first, then the late one.
        rest = run_changes.read_changes(session, ChangeMark.read(cut.write()))
        assert [change.run_id for change, _ in rest] == [faster, *slow]
        assert run_changes.read_changes(session, rest[-1][1]) == []
        middle = run_changes.read_changes(session, rest[0][1])
        assert [change.run_id for change, _ in middle] == slow
    database.dispose()


def test_many_writers_at_once_are_all_told_once_and_in_the_order_of_each_run(mark, read, database, at_once):
    def live():
        with database.transaction() as session:
            run_id = create(session)
        for _ in range(3):
            with database.transaction() as session:
                claimed = claims.claim_run(session, owner="worker-1", lease_seconds=LEASE_SECONDS)
            if claimed is not None:
                with database.transaction() as session:
                    claims.release_run(session, claimed.run_id, claimed.attempt, reason="drained")
        return run_id

    is_over = threading.Event()
    told = []

    def listen():
        place = mark
        while True:
            is_last = is_over.is_set()
            changes, place = read(place, 2)
            told.extend(changes)
            if is_last and not changes:
                return

    listener = threading.Thread(target=listen)
    listener.start()
    run_ids = at_once(*[live] * 6)
    is_over.set()
    listener.join()
    everything, _ = read(mark)
    assert sorted(map(repr, told)) == sorted(map(repr, everything))
    for run_id in run_ids:
        of_run = states(change for change in told if change.run_id == run_id)
        expected = [("queued", 0)]
        while len(expected) < len(of_run):
            attempt = len(expected) // 2 + 1 if len(expected) % 2 else len(expected) // 2
            expected.append(("running" if len(expected) % 2 else "queued", attempt))
        assert of_run == expected


def test_what_was_removed_before_it_was_read_begins_anew(mark, database, queue_run):
    for _ in range(5):
        queue_run()
    with database.reading() as session:
        middle = run_changes.read_changes(session, mark)[1][1]
    with database.transaction() as session:
        assert run_changes.prune(session, keep=2) == 3
        assert run_changes.prune(session, keep=2) == 0
    with database.reading() as session:
        assert run_changes.read_changes(session, middle) is None
        after = run_changes.read_changes(session, ChangeMark(middle.last_id + 1, middle.snapshot, middle.inner))
        assert len(after) == 2


def test_there_is_nothing_to_remove_before_the_first_change(database):
    with database.transaction() as session:
        assert run_changes.prune(session) == 0


def test_a_place_of_a_later_time_begins_anew(mark, database, queue_run):
    """As after a backup was restored."""
    queue_run()
    with database.reading() as session:
        assert run_changes.read_changes(session, ChangeMark(mark.last_id + 100, mark.snapshot)) is None


def test_a_snapshot_of_a_later_time_begins_anew(postgresql_url):
    database = Database(postgresql_url)
    with database.reading() as session:
        mark = run_changes.read_mark(session)
        later = ChangeMark(mark.last_id, f"{10**12}:{10**12}:")
        assert run_changes.read_changes(session, later) is None
    database.dispose()


@pytest.mark.parametrize(
    "text",
    ["", "1", "1///", "1///00000000", "a///00000000", "'; DROP TABLE runs; --", "é/é/é/é", "1" * 10_000, "\x00"],
)
def test_a_made_up_id_is_rejected(text):
    with pytest.raises(InvalidInput, match="last event id"):
        ChangeMark.read(text)


def test_a_mark_is_read_as_written():
    for mark in (ChangeMark(0), ChangeMark(7, "10:20:10,14"), ChangeMark(7, "10:20:", "12:30:13")):
        assert ChangeMark.read(mark.write()) == mark
