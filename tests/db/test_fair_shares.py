import random
from collections import Counter

import pytest
from sqlalchemy import text, update

from core.errors import PriorityTooHigh, QuotaExceeded
from core.quotas import Limits
from core.run_report import RunError
from core.run_state import RunState
from core.workers import WaitingKind
from db import claims, quotas, runs, workers
from db.new_runs import NewRun
from db.records.runs import RunRecord


def admit(session, name, limits, *, num_runs=1, priority=0):
    run = NewRun.of(experiment="e", model_name="m", spec={"seed": 1}, submitted_by=name, priority=priority)
    quotas.Admission(session, [name], limits).admit([run] * num_runs)


@pytest.fixture
def queue(database):
    """Queue runs in the order of their submitters; return the ids."""

    def add(*submitters, **changes):
        with database.transaction() as session:
            options = {"experiment": "trials", "model_name": "adder", "spec": {"seed": 7}} | changes
            return [runs.create(session, submitted_by=name, **options).id for name in submitters]

    return add


@pytest.fixture
def take(database):
    """Claim the next run; return it with its submitter, or None."""

    def claim(running_limit=0):
        with database.transaction() as session:
            claimed = claims.claim_run(session, owner="worker-1", lease_seconds=60, running_limit=running_limit)
            return claimed and (runs.get(session, claimed.run_id).submitted_by, claimed)

    return claim


@pytest.fixture
def end(database):
    """End an attempt."""

    def fail(claimed):
        with database.transaction() as session:
            claims.fail_run(session, claimed.run_id, claimed.attempt, error=RunError("x", "x"))

    return fail


@pytest.fixture
def limit(database):
    def set_limits(name, **changes):
        with database.transaction() as session:
            return quotas.set_limits(session, name, changes)

    return set_limits


def test_one_run_does_not_wait_for_a_thousand_of_another(queue, take):
    queue(*["busy"] * 1000)
    queue("rare")
    assert [take()[0] for _ in range(3)] == ["busy", "rare", "busy"]


def test_submitters_take_turns_on_one_trainer(queue, take, end):
    queue(*["a"] * 4, *["b"] * 4, *["c"] * 2)
    order = []
    for _ in range(10):
        name, claimed = take()
        order.append(name)
        end(claimed)
    # Nobody is ever served twice before another who waits is served once.
    assert order == ["a", "b", "c", "a", "b", "c", "a", "b", "a", "b"]


def test_who_has_the_fewest_running_runs_goes_first(queue, take, end):
    queue(*["a"] * 3)
    held = [take()[1] for _ in range(3)]
    queue(*["a"] * 3, *["b"] * 3)
    assert [take()[0] for _ in range(3)] == ["b", "b", "b"]
    for claimed in held:
        end(claimed)
    assert take()[0] == "a"


def test_running_runs_are_shared_out_evenly_among_all_who_wait(queue, take, end):
    rng = random.Random(3)  # noqa: S311 - it shuffles, and keeps no secret.
    names = ["a"] * 200 + ["b"] * 60 + ["c"] * 45 + ["d"] * 40
    rng.shuffle(names)
    queue(*names)
    running = []
    for _ in range(60):
        if len(running) == 6:
            end(running.pop(rng.randrange(6))[1])
        running.append(take())
        shares = Counter(name for name, _ in running)
        if len(running) == 6:
            assert len(shares) == 4
            assert max(shares.values()) <= 2 + (min(shares.values()) == 1)


def test_a_higher_priority_goes_first_whoever_submitted_it(queue, take):
    queue("a", "a")
    queue("b", priority=-1)
    (urgent,) = queue("a", priority=5)
    first = take()
    assert first[1].run_id == urgent
    assert [take()[0] for _ in range(3)] == ["a", "a", "b"]


def test_runs_of_one_submitter_go_oldest_first(queue, take):
    ids = queue(None, None, None)
    assert [take()[1].run_id for _ in range(3)] == ids


def test_who_has_used_up_a_quota_of_running_runs_is_passed_over(queue, take, end, limit):
    limit("a", running_runs=1)
    queue("a", "a", "b", priority=3)
    queue("b")
    first = take()
    assert (first[0], [take()[0], take()[0]], take()) == ("a", ["b", "b"], None)
    end(first[1])
    assert take()[0] == "a"


def test_the_limit_of_the_settings_is_that_of_submitters_without_one(queue, take, limit):
    limit("b", running_runs=0)
    queue("a", "a", "b", "b", None, None)
    taken = Counter()
    while (found := take(running_limit=1)) is not None:
        taken[found[0]] += 1
    # 0 means no limit.
    assert taken == {"a": 1, "b": 2, None: 1}


def test_a_quota_of_running_runs_is_exact_when_many_claim_at_once(queue, take, limit, at_once):
    limit("a", running_runs=3)
    limit("b", running_runs=2)
    queue(*["a"] * 20, *["b"] * 20)
    found = at_once(*[take] * 16)
    assert [error for error in found if isinstance(error, Exception)] == []
    taken = [claimed for claimed in found if claimed is not None]
    assert Counter(name for name, _ in taken) == {"a": 3, "b": 2}
    assert len({claimed.run_id for _, claimed in taken}) == 5


def test_claims_at_once_without_quotas_each_get_a_run_of_their_own(queue, take, at_once):
    queue(*["a"] * 12, *["b"] * 4)
    found = at_once(*[take] * 16)
    assert len({claimed.run_id for _, claimed in found}) == 16


def test_a_run_says_that_it_waits_for_the_quota_of_its_submitter(database, queue, take, limit):
    limit("a", running_runs=1)
    ids = queue("a", "a", "b")
    take()
    with database.reading() as session:
        waits = workers.find_wait(session, [runs.get(session, run_id) for run_id in ids])
    assert waits.of("a", None).kind is WaitingKind.QUOTA
    assert "'a'" in waits.of("a", None).detail
    assert waits.of("b", None).kind is WaitingKind.WORKER


def test_runs_that_older_code_queues_take_their_turns(database, take):
    with database.transaction() as session:
        run_id = runs.create(session, experiment="e", model_name="m", spec={"seed": 1}, submitted_by="old").id
        session.execute(text("DELETE FROM submitters"))
        other = runs.create(session, experiment="e", model_name="m", spec={"seed": 1}, submitted_by="old").id
    assert {take()[1].run_id, take()[1].run_id} == {run_id, other}


def test_a_quota_of_queued_runs_is_exact_when_many_submit_at_once(database, at_once):
    defaults = Limits(queued_runs=10)

    def submit():
        with database.transaction() as session:
            admit(session, "a", defaults)
            return runs.create(session, experiment="e", model_name="m", spec={"seed": 1}, submitted_by="a").id

    found = at_once(*[submit] * 16) + at_once(*[submit] * 8)
    refused = [error for error in found if isinstance(error, QuotaExceeded)]
    assert len(found) - len(refused) == 10
    assert len(refused) == 14
    assert (refused[-1].used, refused[-1].limit, refused[-1].quota) == (10, 10, "queued_runs")
    assert refused[-1].retry_after_seconds == 30


def test_a_batch_is_admitted_as_a_whole_or_not_at_all(database, queue):
    queue(*["a"] * 6)
    with database.transaction() as session:
        admit(session, "a", Limits(queued_runs=10), num_runs=4)
        with pytest.raises(QuotaExceeded, match="5 more"):
            admit(session, "a", Limits(queued_runs=10), num_runs=5)
        with pytest.raises(QuotaExceeded) as error:
            admit(session, "a", Limits(queued_runs=10), num_runs=11)
        # It never fits, however long one waits.
        assert error.value.retry_after_seconds is None
        admit(session, "b", Limits(queued_runs=10), num_runs=10)


def test_own_limits_go_before_those_of_the_settings(database, limit):
    limit("a", queued_runs=0, priority=7)
    with database.transaction() as session:
        admit(session, "a", Limits(queued_runs=1, priority=0), num_runs=5, priority=7)
        with pytest.raises(PriorityTooHigh):
            admit(session, "a", Limits(priority=0), priority=8)
        with pytest.raises(PriorityTooHigh) as error:
            admit(session, "b", Limits(priority=0), priority=1)
    assert error.value.problems[0].pointer == "/priority"
    limit("a", priority=None)
    with database.reading() as session:
        assert quotas.find_limits(session, "a") == Limits(queued_runs=0)


def test_what_a_submitter_has_on_disk_is_the_sum_of_its_runs(database, queue, take, make_artifact):
    queue("a", "a")
    for digit in "ab":
        claimed = take()[1]
        with database.transaction() as session:
            artifacts = [make_artifact("model.onnx", digit), make_artifact("log", digit)]
            claims.finish_run(session, claimed.run_id, claimed.attempt, artifacts=artifacts, phases={})
    with database.transaction() as session:
        # Two files of three bytes each, of two runs.
        assert quotas.find_use(session, "a").disk_bytes == 12
        assert quotas.find_use(session, "b").disk_bytes == 0
        with pytest.raises(QuotaExceeded) as error:
            admit(session, "a", Limits(disk_bytes=12))
        assert (error.value.used, error.value.retry_after_seconds) == (12, None)
        admit(session, "a", Limits(disk_bytes=13))
        quotas.admit_bytes(session, "a", Limits(disk_bytes=13), 1)
        with pytest.raises(QuotaExceeded, match="2 more"):
            quotas.admit_bytes(session, "a", Limits(disk_bytes=13), 2)


def test_use_counts_queued_and_running_runs(database, queue, take):
    queue("a", "a", "a", None)
    take()
    take()
    with database.transaction() as session:
        session.execute(update(RunRecord).where(RunRecord.state == RunState.QUEUED).values(priority=3))
        found = {
            submitter.name: submitter.use
            for submitter in quotas.list_submitters(session, more=["new"], limit=100).items
        }
    assert (found["a"].queued_runs, found["a"].running_runs) == (2, 1)
    assert (found[None].queued_runs, found[None].running_runs) == (0, 1)
    assert found["new"].queued_runs == 0


def test_what_one_transaction_admits_counts_before_it_is_stored(database):
    run = NewRun.of(experiment="e", model_name="m", spec={"seed": 1}, submitted_by="a")
    other = NewRun.of(experiment="e", model_name="m", spec={"seed": 1}, submitted_by=None)
    with database.transaction() as session:
        admission = quotas.Admission(session, ["a", None], Limits(queued_runs=3))
        admission.admit([run, run])
        with pytest.raises(QuotaExceeded):
            admission.admit([run, run])
        admission.admit([run])
        admission.admit([other] * 3)
