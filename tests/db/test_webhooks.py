"""The end of a run is queued for webhooks with the end itself, and sent by one worker at a time."""

import pytest
from sqlalchemy import update

from core.errors import Conflict, InvalidInput, UnknownWebhook
from core.run_report import RunError
from core.run_state import TERMINAL_STATES, RunState
from core.webhooks import make_secret
from core.workers import WorkerHealth, WorkerState
from db import claims, expiry, runs, webhooks, workers
from db.records.events import WebhookDeliveryRecord, WebhookRecord
from db.records.runs import RunRecord
from db.records.service import WorkerRecord
from db.statements import database_now

LEASE_SECONDS = 60.0


@pytest.fixture
def subscribe(database):
    def create(**changes):
        options = {"states": tuple(TERMINAL_STATES), "experiment": None, "model_name": None, "created_by": None}
        with database.transaction() as session:
            return webhooks.create(
                session, url="https://hooks.example.org/", secret=make_secret(), **options | changes
            ).id

    return create


@pytest.fixture
def lease(database):
    def lease_due(lease_seconds=LEASE_SECONDS):
        with database.transaction() as session:
            return webhooks.lease_due(session, lease_seconds)

    return lease_due


@pytest.fixture
def postpone(database):
    def fail(due, again_seconds=0.0, *, detail="It failed.", status=500, disable_seconds=1000.0):
        with database.transaction() as session:
            options = {"status": status, "again_seconds": again_seconds, "disable_seconds": disable_seconds}
            return webhooks.postpone(session, due, detail, **options)

    return fail


@pytest.fixture
def settle(database):
    def note(due, status=200):
        with database.transaction() as session:
            return webhooks.settle(session, due, status)

    return note


@pytest.fixture
def list_deliveries(database):
    def show(webhook_id):
        with database.reading() as session:
            return webhooks.list_deliveries(session, webhook_id, limit=100).items

    return show


def ended_states(deliveries):
    return [delivery.run_state for delivery in deliveries]


def test_every_way_to_end_is_queued_once(database, subscribe, queue_run, claim, finished_run, list_deliveries):
    webhook_id = subscribe()
    succeeded = finished_run()
    failed = queue_run()
    claimed = claim()
    with database.transaction() as session:
        claims.fail_run(session, failed, claimed.attempt, error=RunError("loss_not_finite", "It diverged."))
    while_queued = queue_run()
    with database.transaction() as session:
        runs.cancel(session, while_queued)
        runs.cancel(session, while_queued)
    while_running = queue_run()
    claimed = claim()
    with database.transaction() as session:
        runs.cancel(session, while_running)
    with database.transaction() as session:
        claims.cancel_running(session, while_running, claimed.attempt)
    lost = queue_run(max_attempts=1)
    with database.transaction() as session:
        claims.claim_run(session, owner="worker-1", lease_seconds=-1.0)
    with database.transaction() as session:
        expiry.expire_leases(session)
        expiry.expire_leases(session)
    deliveries = list_deliveries(webhook_id)
    assert [(delivery.run_id, delivery.run_state) for delivery in reversed(deliveries)] == [
        (succeeded, "succeeded"),
        (failed, "failed"),
        (while_queued, "cancelled"),
        (while_running, "cancelled"),
        (lost, "failed"),
    ]


def test_runs_that_no_worker_could_train_are_queued(database, subscribe, queue_run, list_deliveries):
    webhook_id = subscribe()
    run_ids = {queue_run(), queue_run()}
    with database.transaction() as session:
        workers.report(session, "host:1", "host", WorkerHealth(WorkerState.BROKEN, 1, 0, 5, "No Keras."))
        session.execute(update(WorkerRecord).values(broken_since=database_now(-3600.0)))
        session.execute(update(RunRecord).values(queued_at=database_now(-3600.0)))
    with database.transaction() as session:
        assert set(expiry.fail_waiting(session, 1800.0)) == run_ids
    assert {delivery.run_id for delivery in list_deliveries(webhook_id)} == run_ids


def test_what_is_rolled_back_is_not_queued(database, subscribe, queue_run, list_deliveries):
    webhook_id = subscribe()
    run_id = queue_run()
    with database.transaction() as session:
        runs.cancel(session, run_id)
        session.rollback()
    assert list_deliveries(webhook_id) == []


def test_a_run_that_is_queued_again_has_not_ended(database, subscribe, queue_run, claim, list_deliveries):
    webhook_id = subscribe()
    queue_run()
    claimed = claim()
    with database.transaction() as session:
        claims.release_run(session, claimed.run_id, claimed.attempt, reason="drained")
    assert list_deliveries(webhook_id) == []


def test_webhooks_are_told_what_they_asked_for(subscribe, finished_run, list_deliveries):
    failures = subscribe(states=(RunState.FAILED,))
    other = subscribe(experiment="other")
    model = subscribe(model_name="adder")
    both = subscribe(model_name="adder", experiment="trials", states=(RunState.SUCCEEDED, RunState.FAILED))
    finished_run()
    assert list_deliveries(failures) == list_deliveries(other) == []
    assert len(list_deliveries(model)) == len(list_deliveries(both)) == 1


def test_a_delivery_is_leased_by_one_worker_until_the_lease_ends(subscribe, finished_run, lease, settle):
    webhook_id = subscribe()
    run_id = finished_run()
    first = lease(-1.0)
    assert (first.webhook_id, first.run_id, first.state, first.num_tries) == (webhook_id, run_id, "succeeded", 1)
    assert (first.attempt, first.model_version, first.error) == (1, 1, None)
    second = lease()
    assert (second.id, second.num_tries) == (first.id, 2)
    assert lease() is None
    assert not settle(first)
    assert settle(second)
    assert not settle(second)
    assert lease() is None


def test_workers_at_once_lease_each_delivery_once(subscribe, finished_run, lease, at_once):
    subscribe()
    run_ids = {finished_run() for _ in range(4)}
    leased = at_once(*[lease] * 8)
    assert sorted(due.run_id for due in leased if due) == sorted(run_ids)


def test_a_failed_delivery_is_due_again_after_its_pause(subscribe, finished_run, lease, postpone, list_deliveries):
    webhook_id = subscribe()
    finished_run()
    assert postpone(lease(), 3600.0, detail="x\x00" * 600, status=None)
    assert lease() is None
    (delivery,) = list_deliveries(webhook_id)
    assert (delivery.state, delivery.num_tries, delivery.status) == ("waiting", 1, None)
    assert len(delivery.detail) == webhooks.MAX_DETAIL_LENGTH


def test_the_last_try_ends_a_delivery(subscribe, finished_run, lease, postpone, list_deliveries):
    webhook_id = subscribe()
    finished_run()
    assert postpone(lease(), None)
    assert lease() is None
    (delivery,) = list_deliveries(webhook_id)
    assert (delivery.state, delivery.due_at, delivery.status) == ("failed", None, 500)


def test_a_webhook_that_fails_for_too_long_is_disabled_with_the_reason_until_it_is_enabled(
    database, subscribe, finished_run, lease, postpone, list_deliveries
):
    webhook_id = subscribe()
    finished_run()
    postpone(lease())
    with database.reading() as session:
        record = webhooks.get(session, webhook_id)
        assert record.failing_since is not None
        assert record.disabled_at is None
    with database.transaction() as session:
        session.execute(update(WebhookRecord).values(failing_since=database_now(-2000.0)))
    postpone(lease(), detail="The response has the status 500.")
    with database.reading() as session:
        assert webhooks.get(session, webhook_id).disabled_reason == "The response has the status 500."
    finished_run()
    assert len(list_deliveries(webhook_id)) == 1
    with database.transaction() as session:
        assert webhooks.enable(session, webhook_id).disabled_at is None
    finished_run()
    assert len(list_deliveries(webhook_id)) == 2


def test_a_success_ends_the_time_of_failures(database, subscribe, finished_run, lease, postpone, settle):
    webhook_id = subscribe()
    finished_run()
    postpone(lease())
    settle(lease())
    with database.reading() as session:
        assert webhooks.get(session, webhook_id).failing_since is None


def test_nothing_is_sent_to_a_disabled_webhook(database, subscribe, finished_run, lease):
    subscribe()
    finished_run()
    with database.transaction() as session:
        session.execute(update(WebhookRecord).values(disabled_at=database_now()))
    assert lease() is None


def test_a_deleted_run_is_told_all_the_same(database, subscribe, finished_run, lease):
    subscribe()
    run_id = finished_run()
    with database.transaction() as session:
        runs.delete(session, run_id, force=True)
    due = lease()
    assert (due.run_id, due.state, due.attempt) == (run_id, "succeeded", None)


def test_a_deleted_webhook_takes_its_deliveries_with_it(database, subscribe, finished_run, lease):
    webhook_id = subscribe()
    finished_run()
    with database.transaction() as session:
        webhooks.remove(session, webhook_id)
    assert lease() is None
    with database.transaction() as session, pytest.raises(UnknownWebhook):
        webhooks.remove(session, webhook_id)


def test_old_deliveries_are_deleted_once_they_are_over(database, subscribe, finished_run, lease, settle):
    webhook_id = subscribe()
    finished_run()
    finished_run()
    settle(lease())
    with database.transaction() as session:
        session.execute(update(WebhookDeliveryRecord).values(tried_at=database_now(-1e6)))
        webhooks.delete_old(session)
        assert len(webhooks.list_deliveries(session, webhook_id, limit=10).items) == 1


def test_there_is_a_limit_of_webhooks(subscribe, monkeypatch):
    monkeypatch.setattr(webhooks, "MAX_WEBHOOKS", 1)
    subscribe()
    with pytest.raises(Conflict):
        subscribe()


def test_text_that_cannot_be_stored_is_rejected(subscribe):
    with pytest.raises(InvalidInput):
        subscribe(experiment="a\x00")
