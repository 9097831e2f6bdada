"""Messages reach their receivers: signed, again after failures, to allowed hosts alone."""

import asyncio
import base64
import hashlib
import hmac
import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from uuid import uuid4

import pytest
from sqlalchemy import update

from core.run_report import RunError
from core.run_state import TERMINAL_STATES
from core.settings import Settings
from core.webhooks import AllowedHosts, make_secret
from db import runs, webhooks
from db.records.events import WebhookDeliveryRecord
from db.session import Database
from db.statements import database_now
from db.webhooks import DueDelivery
from trainyard import verify_webhook
from worker import webhook_requests
from worker.webhook_requests import NotDelivered, choose_address, deliver, write_body
from worker.webhook_sender import JITTER, RETRY_SECONDS, WebhookSender, pause_after


class Receiver(ThreadingHTTPServer):
    """Receives messages; answers with the given statuses, one after the other, and the last for ever."""

    daemon_threads = True

    def __init__(self, *statuses):
        receiver = self
        self.statuses = list(statuses)
        self.received = []
        self.may_answer = threading.Event()
        self.may_answer.set()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append((self.path, dict(self.headers), body))
                receiver.may_answer.wait(30)
                status = receiver.statuses.pop(0) if len(receiver.statuses) > 1 else receiver.statuses[0]
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server_port}"
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def stop(self):
        self.may_answer.set()
        self.shutdown()
        self.server_close()
        self._thread.join()


@pytest.fixture
def receive():
    started = []

    def start(*statuses):
        started.append(Receiver(*statuses))
        return started[-1]

    yield start
    for receiver in started:
        receiver.stop()


@pytest.fixture
def database_url(sqlite_url):
    return sqlite_url


@pytest.fixture
def make_sender(database_url):
    def make(*hosts):
        settings = Settings(database_url=database_url, webhook_hosts=",".join(hosts))
        return WebhookSender(settings, Database(database_url))

    made = []

    def make_and_keep(*hosts):
        made.append(make(*hosts))
        return made[-1]

    yield make_and_keep
    for sender in made:
        sender._database.dispose()


@pytest.fixture
def subscribe(database):
    def create(url):
        secret = make_secret()
        with database.transaction() as session:
            record = webhooks.create(
                session,
                url=url,
                secret=secret,
                states=tuple(TERMINAL_STATES),
                experiment=None,
                model_name=None,
                created_by=None,
            )
        return record.id, secret

    return create


@pytest.fixture
def cancel_run(database):
    def queue_and_cancel():
        with database.transaction() as session:
            run_id = runs.create(session, experiment="trials", model_name="adder", spec={}).id
            runs.cancel(session, run_id)
        return run_id

    return queue_and_cancel


@pytest.fixture
def look(database):
    def show(webhook_id):
        with database.reading() as session:
            (delivery,) = webhooks.list_deliveries(session, webhook_id, limit=10).items
            return delivery, webhooks.get(session, webhook_id)

    return show


def make_due(database):
    """Make what waits for its pause due now."""
    with database.transaction() as session:
        waiting = update(WebhookDeliveryRecord).where(WebhookDeliveryRecord.due_at.is_not(None))
        session.execute(waiting.values(due_at=database_now(-1.0)))


def test_an_ended_run_is_told_signed_and_once(receive, make_sender, subscribe, cancel_run, look):
    receiver = receive(204)
    webhook_id, secret = subscribe(f"http://{receiver.host}/hook?a=b")
    run_id = cancel_run()
    sender = make_sender(f"http://{receiver.host}")
    assert sender.send_due() == 1
    assert sender.send_due() == 0
    ((path, headers, body),) = receiver.received
    assert path == "/hook?a=b"
    assert headers["Host"] == receiver.host
    document = json.loads(body)
    assert document["type"] == "run.ended"
    assert (document["data"]["run_id"], document["data"]["state"]) == (str(run_id), "cancelled")
    # As a receiver verifies it, without a library.
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(base64.b64decode(secret), signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    assert abs(int(headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 300
    # And with one.
    assert verify_webhook(secret, headers, body).data == document["data"]
    delivery, _ = look(webhook_id)
    assert (delivery.state, delivery.status, delivery.num_tries) == ("delivered", 204, 1)


def test_a_message_that_failed_is_sent_again_with_the_same_id(
    receive, make_sender, subscribe, cancel_run, look, database
):
    receiver = receive(500, 503, 200)
    webhook_id, _ = subscribe(f"http://{receiver.host}/")
    cancel_run()
    for num_tries in (1, 2):
        # Another worker each time: what is left to do is in the database.
        assert make_sender(f"http://{receiver.host}").send_due() == 1
        delivery, webhook = look(webhook_id)
        assert (delivery.state, delivery.num_tries) == ("waiting", num_tries)
        assert webhook.failing_since is not None
        make_due(database)
    make_sender(f"http://{receiver.host}").send_due()
    delivery, webhook = look(webhook_id)
    assert (delivery.state, delivery.status, delivery.num_tries) == ("delivered", 200, 3)
    assert webhook.failing_since is None
    assert len({headers["webhook-id"] for _, headers, _ in receiver.received}) == 1
    assert len({body for _, _, body in receiver.received}) == 1


def test_redirects_are_not_followed(receive, make_sender, subscribe, cancel_run, look):
    receiver = receive(302)
    webhook_id, _ = subscribe(f"http://{receiver.host}/")
    cancel_run()
    make_sender(f"http://{receiver.host}").send_due()
    assert [path for path, _, _ in receiver.received] == ["/"]
    assert "Redirects are not followed" in look(webhook_id)[0].detail


def test_a_receiver_that_is_gone_is_disabled(receive, make_sender, subscribe, cancel_run, look):
    receiver = receive(410)
    webhook_id, _ = subscribe(f"http://{receiver.host}/")
    cancel_run()
    make_sender(f"http://{receiver.host}").send_due()
    delivery, webhook = look(webhook_id)
    assert delivery.state == "failed"
    assert webhook.disabled_reason == "The response has the status 410."


def test_nothing_is_sent_to_a_host_that_is_not_allowed_any_more(receive, make_sender, subscribe, cancel_run, look):
    receiver = receive(200)
    webhook_id, _ = subscribe(f"http://{receiver.host}/")
    cancel_run()
    make_sender().send_due()
    assert receiver.received == []
    assert "TRAINYARD_WEBHOOK_HOSTS" in look(webhook_id)[0].detail


def test_a_receiver_that_does_not_answer_is_given_up_and_delays_no_other(
    receive, make_sender, subscribe, cancel_run, look, monkeypatch
):
    monkeypatch.setattr(webhook_requests, "TIMEOUT_SECONDS", 0.3)
    silent, other = receive(200), receive(200)
    silent.may_answer.clear()
    webhook_id, _ = subscribe(f"http://{silent.host}/")
    other_id, _ = subscribe(f"http://{other.host}/")
    cancel_run()
    assert make_sender(f"http://{silent.host}", f"http://{other.host}").send_due() == 2
    assert look(webhook_id)[0].detail == "There was no response within 0.3 s."
    assert look(other_id)[0].state == "delivered"


def test_a_closed_port_is_a_failure_with_its_reason(receive, make_sender, subscribe, cancel_run, look):
    receiver = receive(200)
    webhook_id, _ = subscribe(f"http://{receiver.host}/")
    receiver.server_close()
    cancel_run()
    make_sender(f"http://{receiver.host}").send_due()
    delivery, _ = look(webhook_id)
    assert delivery.detail.startswith("The connection failed: ")
    assert delivery.status is None


def test_a_running_thread_sends_what_comes(receive, database_url, subscribe, cancel_run):
    receiver = receive(200)
    subscribe(f"http://{receiver.host}/")
    settings = Settings(database_url=database_url, webhook_hosts=f"http://{receiver.host}", idle_look_seconds=0.02)
    own = Database(database_url)
    arrived = threading.Event()

    async def note(due, allowed):
        status = await deliver(due, allowed)
        arrived.set()
        return status

    sender = WebhookSender(settings, own, note)
    sender.start()
    cancel_run()
    assert arrived.wait(30)
    sender.stop()
    own.dispose()
    assert len(receiver.received) == 1


def test_an_unexpected_error_is_a_failed_try(database_url, subscribe, cancel_run, look, caplog):
    webhook_id, _ = subscribe("https://hooks.example.org/")
    cancel_run()

    async def fail(_due, _allowed):
        raise ZeroDivisionError

    own = Database(database_url)
    WebhookSender(Settings(database_url=database_url), own, fail).send_due()
    own.dispose()
    assert look(webhook_id)[0].detail == "Unexpected error: ZeroDivisionError."
    assert "ZeroDivisionError" in caplog.text


def test_pauses_grow_over_days_and_differ():
    assert sum(RETRY_SECONDS) > 3 * 24 * 3600
    for num_tries, seconds in enumerate(RETRY_SECONDS, start=1):
        pauses = {pause_after(num_tries) for _ in range(20)}
        assert len(pauses) > 1
        assert all(seconds * (1 - JITTER) <= pause <= seconds * (1 + JITTER) for pause in pauses)
    assert pause_after(len(RETRY_SECONDS) + 1) is None


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.9.9.9", "::1", "169.254.169.254", "fe80::1", "::", "224.0.0.1", "::ffff:127.0.0.1"],
)
def test_a_name_that_means_this_machine_or_its_link_is_refused(address):
    """As a name does that its owner points elsewhere once it is allowed (DNS rebinding)."""
    with pytest.raises(NotDelivered, match=r"hooks\.example\.org means"):
        choose_address("hooks.example.org", [ip_address("203.0.113.7"), ip_address(address)])


def test_a_name_may_mean_any_other_address():
    for address in ("203.0.113.7", "10.0.0.5", "2001:db8::1"):
        assert choose_address("hooks.example.org", [ip_address(address)]) == ip_address(address)
    assert choose_address("localhost", [ip_address("127.0.0.1")]) == ip_address("127.0.0.1")


DUE = DueDelivery(
    id=1,
    webhook_id=uuid4(),
    url="https://hooks.example.org/",
    secret=make_secret(),
    lease=1,
    num_tries=1,
    age_seconds=1.0,
    run_id=uuid4(),
    experiment="trials",
    model_name="adder",
    state="failed",
    ended_at=datetime(2026, 11, 26, 7, tzinfo=UTC),
    preset=None,
    attempt=2,
    model_version=None,
    error=RunError("loss_not_finite", "It diverged.", 2),
)


def test_a_failure_is_told_with_its_error():
    document = json.loads(write_body(DUE))
    assert document["timestamp"] == document["data"]["ended_at"] == "2026-11-26T07:00:00+00:00"
    assert document["data"]["error"]["code"] == "loss_not_finite"
    assert document["data"]["link"] == f"/v1/runs/{DUE.run_id}"


def test_a_name_is_connected_to_at_the_address_that_was_checked(receive, monkeypatch):
    """The second look-up, which a library would make, could give another address."""
    receiver = receive(200)
    looked_up = []

    async def find(name, port):
        looked_up.append((name, port))
        return ip_address("127.0.0.1")

    monkeypatch.setattr(webhook_requests, "_find_address", find)
    host = f"hooks.invalid:{receiver.server_port}"
    due = replace(DUE, url=f"http://{host}/x")
    assert asyncio.run(deliver(due, AllowedHosts.read([f"http://{host}"]))) == 200
    assert looked_up == [("hooks.invalid", receiver.server_port)]
    assert receiver.received[0][1]["Host"] == host
