"""The program in docs/events.md verifies what the service sends."""

import re
from pathlib import Path

from core.webhooks import SECRET_PREFIX, make_secret, sign

PAGE = Path(__file__).parents[1] / "docs" / "events.md"


def test_the_program_accepts_what_is_signed_and_nothing_else(monkeypatch):
    (program,) = (text for text in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL) if "hmac" in text)
    names = {}
    exec(program, names)  # noqa: S102 - the program of the page
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
