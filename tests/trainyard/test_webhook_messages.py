"""Receivers accept what the worker's own sender signs, and nothing else."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from email.message import Message
from uuid import UUID

import pytest

from core.run_report import RunError
from core.webhooks import SECRET_PREFIX, make_secret, sign
from db.webhooks import DueDelivery
from trainyard import InvalidArgument, VerificationFailed, verify_webhook
from trainyard import webhook_messages as messages
from worker.webhook_requests import write_body, write_headers

NOW = 1_795_676_400
RUN_ID = UUID("01920000-0000-7000-8000-000000000001")
ENDED_AT = datetime(2026, 11, 26, 7, 0, 9, 870_000, tzinfo=UTC)

DUE = DueDelivery(
    id=1,
    webhook_id=UUID("01920000-0000-7000-8000-00000000000d"),
    url="https://hooks.example.org/",
    # The same in each process, as the names of the tests contain it.
    secret=base64.b64encode(bytes(range(32))).decode(),
    lease=1,
    num_tries=1,
    age_seconds=1.0,
    run_id=RUN_ID,
    experiment="Versuche · 試験",
    model_name="adder",
    state="failed",
    ended_at=ENDED_AT,
    preset=None,
    attempt=2,
    model_version=None,
    error=RunError("loss_not_finite", "It diverged.", 2),
)
BODY = write_body(DUE)
HEADERS = write_headers(DUE, BODY, NOW)
SECRET = SECRET_PREFIX + DUE.secret


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    monkeypatch.setattr(messages.time, "time", lambda: NOW + 1.5)


@pytest.mark.parametrize("secret", [SECRET, DUE.secret, f" {SECRET}\n"])
def test_what_the_worker_signs_is_accepted_and_read(secret):
    message = verify_webhook(secret, HEADERS, BODY)
    assert (message.id, message.type, message.timestamp) == (f"run-ended_{RUN_ID}", "run.ended", ENDED_AT)
    assert message.data == json.loads(BODY)["data"]
    assert (message.data["run_id"], message.data["state"]) == (str(RUN_ID), "failed")
    assert message.data["error"]["code"] == "loss_not_finite"


def test_the_example_of_the_reference_libraries_is_signed_for_us(monkeypatch):
    """From github.com/standard-webhooks/standard-webhooks; its body is none of ours."""
    monkeypatch.setattr(messages.time, "time", lambda: 1_614_265_330)
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    with pytest.raises(VerificationFailed, match="is signed, but"):
        verify_webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", headers, b'{"test": 2432232314}')


def test_headers_may_be_of_any_framework_and_the_body_text():
    sent = Message()
    for name, value in HEADERS.items():
        sent[name.title()] = value
    capitals = {name.upper(): value for name, value in HEADERS.items()}
    assert verify_webhook(SECRET, sent, BODY) == verify_webhook(SECRET, capitals, BODY.decode())


def test_one_of_several_signatures_is_enough():
    other = sign(make_secret(), HEADERS["webhook-id"], NOW, BODY)
    for given in (f"{other} {HEADERS['webhook-signature']}", f"{HEADERS['webhook-signature']} v1a,x {other}"):
        assert verify_webhook(SECRET, HEADERS | {"webhook-signature": given}, BODY).type == "run.ended"
    with pytest.raises(VerificationFailed, match="No signature"):
        verify_webhook(SECRET, HEADERS | {"webhook-signature": f"{other} {other}"}, BODY)


def test_another_secret_is_refused():
    with pytest.raises(VerificationFailed, match="Pass the secret of the webhook that sent it"):
        verify_webhook(make_secret(), HEADERS, BODY)


@pytest.mark.parametrize("body", [b"", BODY + b" ", BODY.replace(b"failed", b"succee"), "ä", "\ud800"])
def test_another_body_is_refused(body):
    with pytest.raises(VerificationFailed, match="byte for byte"):
        verify_webhook(SECRET, HEADERS, body)


def test_a_body_that_was_read_already_is_an_error_in_words():
    with pytest.raises(InvalidArgument, match="The body is a dict"):
        verify_webhook(SECRET, HEADERS, json.loads(BODY))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", f"run-ended_{RUN_ID}x"),
        ("webhook-id", "\udcff"),
        ("webhook-timestamp", str(NOW + 1)),
        ("webhook-timestamp", f" {NOW}"),
        ("webhook-timestamp", f"+{NOW}"),
        ("webhook-timestamp", "9" * 5000),
        ("webhook-signature", "v1,"),
        ("webhook-signature", HEADERS["webhook-signature"].removeprefix("v1,")),
        ("webhook-signature", HEADERS["webhook-signature"].replace("v1,", "v2,")),
        ("webhook-signature", HEADERS["webhook-signature"].replace("v1,", "V1,")),
        ("webhook-signature", HEADERS["webhook-signature"][:-1]),
        ("webhook-signature", "é \udcff"),
    ],
)
def test_a_changed_header_is_refused(name, value):
    with pytest.raises(VerificationFailed, match="No signature"):
        verify_webhook(SECRET, HEADERS | {name: value}, BODY)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_named(name):
    for headers in ({key: value for key, value in HEADERS.items() if key != name}, HEADERS | {name: ""}):
        with pytest.raises(VerificationFailed, match=f"no header {name}"):
            verify_webhook(SECRET, headers, BODY)


@pytest.mark.parametrize(
    ("now", "words"),
    [(NOW + 300, ""), (NOW + 301, "sent 301 s ago"), (NOW - 300, ""), (NOW - 301, "sent 301 s ahead of")],
)
def test_a_message_is_accepted_within_five_minutes(monkeypatch, now, words):
    monkeypatch.setattr(messages.time, "time", lambda: now)
    if not words:
        verify_webhook(SECRET, HEADERS, BODY)
        return
    with pytest.raises(VerificationFailed, match=words):
        verify_webhook(SECRET, HEADERS, BODY)
    verify_webhook(SECRET, HEADERS, BODY, tolerance_seconds=302)


def test_the_tolerance_can_be_shorter():
    with pytest.raises(VerificationFailed, match="sent 2 s ago, and 1 s are allowed"):
        verify_webhook(SECRET, HEADERS, BODY, tolerance_seconds=1)


def test_a_message_that_is_sent_again_later_is_signed_anew(monkeypatch):
    monkeypatch.setattr(messages.time, "time", lambda: NOW + 86_400)
    again = write_headers(replace(DUE, num_tries=9), BODY, NOW + 86_400)
    assert verify_webhook(SECRET, again, BODY).id == HEADERS["webhook-id"]


@pytest.mark.parametrize("timestamp", [f"{NOW}.0", f" {NOW}", "٣", "9" * 16, "soon"])
def test_a_signed_time_that_is_none_is_refused(timestamp):
    signature = sign(SECRET, "a", timestamp, BODY)
    headers = {"webhook-id": "a", "webhook-timestamp": timestamp, "webhook-signature": signature}
    with pytest.raises(VerificationFailed, match="not a number of seconds since 1970"):
        verify_webhook(SECRET, headers, BODY)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"\xff", b'{"type": "run.ended"}', b'{"type": "a", "timestamp": 5, "data": {}}']
)
def test_a_signed_body_of_another_form_is_refused(body):
    with pytest.raises(VerificationFailed, match="is signed, but"):
        verify_webhook(SECRET, write_headers(DUE, body, NOW), body)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_ä", "whsec_not base64!", "whsec_abc"])
def test_a_secret_that_is_none_is_an_error_that_does_not_repeat_it(secret):
    with pytest.raises(InvalidArgument, match="not that of a webhook") as caught:
        verify_webhook(secret, HEADERS, BODY)
    assert "abc" not in str(caught.value)
    assert "not base64!" not in str(caught.value)
