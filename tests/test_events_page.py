"""The programs in docs/events.md verify what the service sends."""

import json
import re
from pathlib import Path

from core.webhooks import SECRET_PREFIX, make_secret, sign
from trainyard import webhook_messages

PAGE = Path(__file__).parents[1] / "docs" / "events.md"


def run_program(word):
    """Run the one program of the page that has this word; returns its names."""
    (program,) = (text for text in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL) if word in text)
    names = {}
    exec(program, names)  # noqa: S102 - the program of the page
    return names


def test_the_program_accepts_what_is_signed_and_nothing_else(monkeypatch):
    names = run_program("hmac")
    monkeypatch.setattr(names["time"], "time", lambda: 1_795_676_400.0)
    secret, body = make_secret(), b'{"type": "run.ended"}'
    headers = {
        "webhook-id": "run-ended_1",
        "webhook-timestamp": "1795676400",
        "webhook-signature": sign(secret, "run-ended_1", 1_795_676_400, body),
    }
    verify = names["verify"]
    assert verify(SECRET_PREFIX + secret, headers, body)
    assert not verify(SECRET_PREFIX + make_secret(), headers, body)
    assert not verify(SECRET_PREFIX + secret, headers, body + b" ")
    assert not verify(SECRET_PREFIX + secret, headers | {"webhook-id": "run-ended_2"}, body)
    assert not verify(SECRET_PREFIX + secret, headers | {"webhook-timestamp": "1795676000"}, body)


def test_the_program_with_the_client_acts_once_on_what_is_signed(monkeypatch, capsys):
    receive = run_program("verify_webhook")["receive"]
    monkeypatch.setattr(webhook_messages.time, "time", lambda: 1_795_676_400.0)
    secret = SECRET_PREFIX + make_secret()
    monkeypatch.setenv("WEBHOOK_SECRET", secret)
    data = {"run_id": "1", "state": "failed"}
    body = json.dumps({"type": "run.ended", "timestamp": "2026-11-26T07:00:00+00:00", "data": data}).encode()
    headers = {
        "webhook-id": "run-ended_1",
        "webhook-timestamp": "1795676400",
        "webhook-signature": sign(secret, "run-ended_1", 1_795_676_400, body),
    }
    assert [receive(headers, body), receive(headers, body)] == [204, 204]
    assert capsys.readouterr().out == "run.ended 1 failed\n"
    assert receive(headers, body + b" ") == 400
    assert "No signature" in capsys.readouterr().out
