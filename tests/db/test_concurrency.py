"""Concurrent workers: every run is claimed once and ends once, and no write is lost between two writers."""

from collections import Counter
from contextlib import suppress

import pytest

from core.alias_targets import make_targets
from core.errors import AttemptFenced, NothingBefore, UnknownModel, UnknownRun, VersionServed
from core.run_report import RunError
from core.run_state import RunState
from db import alias_history, aliases, claims, expiry, model_versions, runs, version_deletion
from db.session import Database

NUM_RUNS = 24
NUM_WORKERS = 8


def claim_all(database, owner):
    """Claim until no run is queued; return (run id, attempt) of each."""
    found = []
    while True:
        with database.transaction() as session:
            claimed = claims.claim_run(session, owner=owner, lease_seconds=60)
        if claimed is None:
            return found
        found.append((claimed.run_id, claimed.attempt))


def test_each_run_is_claimed_once(database, database_url, queue_run, at_once):
    queued = {queue_run() for _ in range(NUM_RUNS)}
    # Half of the workers share a process's connections, half have their own as another process would.
    databases = [database] * (NUM_WORKERS // 2) + [Database(database_url) for _ in range(NUM_WORKERS // 2)]
    results = at_once(
        *[lambda each=each, owner=f"worker-{n}": claim_all(each, owner) for n, each in enumerate(databases)]
    )
    for other in databases[NUM_WORKERS // 2 :]:
        other.dispose()
    claimed = [pair for result in results for pair in result]
    assert sorted(claimed) == sorted((run_id, 1) for run_id in queued)


def test_cancel_and_claim_at_once_leave_no_run_both_cancelled_and_running(database, queue_run, at_once):
    outcomes = Counter()
    for _ in range(12):
        run_id = queue_run()

        def claim():
            with database.transaction() as session:
                return claims.claim_run(session, owner="worker-1", lease_seconds=60)

        def cancel(run_id=run_id):
            with database.transaction() as session:
                return runs.cancel(session, run_id).state

        claimed, state = at_once(claim, cancel)
        with database.reading() as session:
            run = runs.get(session, run_id)
            num_attempts = len(runs.list_attempts(session, run_id))
        assert run.state == state
        assert run.cancel_requested_at is not None
        assert (claimed is not None, num_attempts) == ((True, 1) if state == RunState.RUNNING else (False, 0))
        outcomes[state] += 1
    assert set(outcomes) <= {RunState.RUNNING, RunState.CANCELLED}


def test_an_alias_that_is_set_while_its_version_is_deleted_is_kept_or_refused(database, finished_run, at_once):
    for number in range(1, 6):
        run_id = finished_run()

        def set_alias(number=number):
            with database.transaction() as session:
                aliases.set_alias(session, "adder", "best", number)

        def delete(run_id=run_id):
            with database.transaction() as session:
                return runs.delete(session, run_id)

        setting, deletion = at_once(set_alias, delete)
        # One of the two succeeds, and the other says why it did not.
        if isinstance(deletion, runs.Deletion):
            assert isinstance(setting, UnknownModel)
        else:
            assert (setting, type(deletion)) == (None, VersionServed)
            with database.reading() as session:
                assert aliases.get_alias(session, "adder", "best").targets.version == number


def test_changes_of_a_model_at_once_wait_for_each_other_and_none_is_lost(database_url, finished_run, at_once):
    """Each transaction locks runs, the model, versions and aliases in this order: none waits in a circle."""
    run_ids = [finished_run() for _ in range(8)]
    databases = [Database(database_url) for _ in range(6)]
    live = make_targets({1: 50, 3: 30, 5: 20}, 7)
    with databases[0].transaction() as session:
        aliases.set_alias(session, "adder", "live", live)

    def change(database, *changes):
        for function, arguments, options in changes:
            # Another may have been first.
            with suppress(UnknownModel, UnknownRun, NothingBefore), database.transaction() as session:
                function(session, *arguments, **options)

    set_alias, roll_back = (aliases.set_alias, ("adder", "live", live), {}), (aliases.roll_back, ("adder", "live"), {})
    deletions = [(version_deletion.delete_version, ("adder", number), {"force": True}) for number in (3, 5, 7, 1)]
    of_runs = [(runs.delete, (run_id,), {"force": True}) for run_id in run_ids[1::2]]
    other = (aliases.set_alias, ("adder", "live", 6), {})
    results = at_once(
        lambda: change(databases[0], *[set_alias, roll_back] * 4),
        lambda: change(databases[1], *deletions),
        lambda: change(databases[2], *of_runs),
        lambda: change(databases[3], *[other, set_alias] * 4),
        lambda: change(databases[4], *deletions[::-1]),
        lambda: change(databases[5], *[roll_back] * 8),
    )
    with databases[0].reading() as session:
        left = model_versions.list_versions(session, "adder")
        found = aliases.find_alias(session, "adder", "live")
        history = alias_history.list_page(session, "adder", "live", limit=200).items
    for database in databases:
        database.dispose()
    assert results == [None] * 6
    assert (left, found, history[0].after) == ([], None, None)
    # Each change begins where the one before it ended.
    assert [change.before for change in history[:-1]] == [change.after for change in history[1:]]


def test_a_model_that_is_deleted_while_its_runs_finish_keeps_only_versions_registered_later(
    database, queue_run, claim, finish, at_once
):
    for _ in range(6):
        queue_run()
    claimed = [claim() for _ in range(6)]
    finish(claimed[0])

    def delete():
        with database.transaction() as session:
            return version_deletion.delete_model(session, "adder", force=True)

    *numbers, deletion = at_once(*[lambda run=run: finish(run) for run in claimed[1:]], delete)
    with database.reading() as session:
        left = {version.version for version in model_versions.list_versions(session, "adder")}
        shown = {runs.get(session, run.run_id).model_version for run in claimed}
    gone = {version.version for version in deletion.versions}
    assert sorted(numbers) == [2, 3, 4, 5, 6]
    assert gone | left == {1, 2, 3, 4, 5, 6}
    assert not gone & left
    assert shown - {None} == left


def test_two_finishers_of_one_attempt_register_one_version(database, queue_run, claim, finish, at_once):
    queue_run()
    claimed = claim()
    assert at_once(*[lambda: finish(claimed)] * 4) == [1, 1, 1, 1]
    with database.reading() as session:
        assert [version.version for version in model_versions.get_model(session, "adder").versions] == [1]


def test_runs_of_one_model_that_finish_at_once_get_numbers_of_their_own(queue_run, claim, finish, at_once):
    for _ in range(8):
        queue_run()
    claimed = [claim() for _ in range(8)]
    versions = at_once(*[lambda run=run: finish(run) for run in claimed])
    assert sorted(versions) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_run_ends_once_though_one_finishes_and_another_fails_it(database, queue_run, claim, finish, at_once):
    queue_run()
    claimed = claim()

    def fail():
        with database.transaction() as session:
            claims.fail_run(session, claimed.run_id, claimed.attempt, error=RunError("x", "y"))

    finished, failed = at_once(lambda: finish(claimed), fail)
    with database.reading() as session:
        state = runs.get(session, claimed.run_id).state
        num_versions = len(model_versions.list_versions(session, "adder"))
    if state == RunState.SUCCEEDED:
        assert (finished, num_versions) == (1, 1)
        assert isinstance(failed, AttemptFenced)
    else:
        assert (state, failed, num_versions) == (RunState.FAILED, None, 0)
        assert isinstance(finished, AttemptFenced)


def test_reconcilers_at_once_take_each_run_back_once(database, queue_run, claim, at_once):
    queued = {queue_run() for _ in range(NUM_RUNS // 2)}
    for _ in queued:
        claim(lease_seconds=-1)

    def expire():
        with database.transaction() as session:
            return expiry.expire_leases(session)

    results = at_once(*[expire] * 6)
    taken = [expired.job_id for result in results for expired in result]
    assert Counter(taken) == Counter(queued)


@pytest.mark.parametrize("is_stalled", [False, True])
def test_owner_and_reconciler_at_once_agree_on_who_owns_the_run(database, queue_run, claim, at_once, is_stalled):
    queue_run()
    claimed = claim(lease_seconds=60 if is_stalled else -1)

    def take_back():
        with database.transaction() as session:
            return expiry.end_stalled(session, -10) if is_stalled else expiry.expire_leases(session)

    def renew():
        with database.transaction() as session:
            return claims.renew_lease(session, claimed.run_id, claimed.attempt, 60)

    taken, renewed = at_once(take_back, renew)
    with database.reading() as session:
        state = runs.get(session, claimed.run_id).state
    assert (state == RunState.QUEUED) == bool(taken)
    # The owner may have renewed just before a stalled run was taken from it; it may not renew one that was.
    if isinstance(renewed, AttemptFenced):
        assert taken
    elif not is_stalled:
        assert not taken


def test_claim_passes_over_a_run_that_another_is_claiming(postgresql_url):
    database = Database(postgresql_url)
    with database.transaction() as session:
        made = [runs.create(session, experiment="trials", model_name="adder", spec={}).id for _ in range(2)]
    with database.transaction() as first, database.transaction() as second:
        claimed = [claims.claim_run(session, owner="worker-1", lease_seconds=60) for session in (first, second)]
    database.dispose()
    assert [run.run_id for run in claimed] == made


def test_processes_that_change_one_row_at_once_lose_no_change(database_url, finished_run, at_once):
    finished_run()
    databases = [Database(database_url) for _ in range(6)]

    def move(database):
        revisions = []
        for _ in range(5):
            with database.transaction() as session:
                revisions.append(aliases.set_alias(session, "adder", "stable", 1).revision)
        return revisions

    results = at_once(*[lambda database=database: move(database) for database in databases])
    for database in databases:
        database.dispose()
    assert sorted(revision for result in results for revision in result) == list(range(1, 31))
