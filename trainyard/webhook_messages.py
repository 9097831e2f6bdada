"""Messages of webhooks, for programs that receive them: checked as Standard Webhooks says (standardwebhooks.com)."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from trainyard.errors import InvalidArgument, VerificationFailed

ID = "webhook-id"
TIMESTAMP = "webhook-timestamp"
SIGNATURE = "webhook-signature"

SECRET_PREFIX = "whsec_"  # noqa: S105 - It precedes secrets, and is none.

SIGNATURE_VERSION = "v1"
"""HMAC-SHA256."""

TOLERANCE_SECONDS = 300.0

MAX_DIGITS = 15
"""Enough for every time that a date can have."""


class Headers(Protocol):
    """Headers of a request: a dict, or those of a web framework. Capitals do not matter."""

    def items(self) -> Iterable[tuple[str, str]]:
        """Return names and values."""


@dataclass(frozen=True, slots=True)
class WebhookMessage:
    """A message that the service has signed.

    Attributes:
        id: The same for each try. A message may arrive twice; what was done for this id need not be done again.
        type: `run.ended`.
        timestamp: Time at which it happened.
        data: `run_id`, `state`, `experiment`, `model`, `model_version`, `preset`, `attempt`, `error`, `ended_at` and
            `link`.
    """

    id: str
    type: str
    timestamp: datetime
    data: Mapping[str, Any]


def verify_webhook(
    secret: str, headers: Headers, body: bytes | str, *, tolerance_seconds: float = TOLERANCE_SECONDS
) -> WebhookMessage:
    """Return the message of a webhook, if the service has signed it and sent it just now.

    Args:
        secret: Secret of the webhook, with or without `whsec_`.
        headers: Headers of the request.
        body: Its body as it came: JSON that was read and written again has other bytes.
        tolerance_seconds: Most seconds between the sending and now, by the clocks of both machines.

    Raises:
        VerificationFailed: If a header is missing, no signature fits, or the message was sent too long ago.
        InvalidArgument: If the secret is none, or the body is not bytes or text.
    """
    key = _read_secret(secret)
    found = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp, signatures = (_find(found, name) for name in (ID, TIMESTAMP, SIGNATURE))
    content = body.encode(errors="surrogatepass") if isinstance(body, str) else body
    expected = _sign(key, message_id, timestamp, content)
    # There may be several. The time that a comparison takes tells nothing of the right one.
    if not any(hmac.compare_digest(expected, _encode(given)) for given in signatures.split()):
        raise VerificationFailed(
            "No signature of the message fits the secret. Pass the secret of the webhook that sent it, and the body "
            "byte for byte as it came."
        )
    _check_time(timestamp, tolerance_seconds)
    return _read_message(message_id, content)


def _read_secret(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.strip().removeprefix(SECRET_PREFIX), validate=True)
    except ValueError:
        key = b""
    if not key:
        # The secret itself stays out of errors, which end up in logs.
        raise InvalidArgument(
            f"The secret is not that of a webhook: '{SECRET_PREFIX}', then base64. Give the one that was shown when "
            "the webhook was made."
        )
    return key


def _find(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name)
    if not value:
        raise VerificationFailed(
            f"The message has no header {name}. Trainyard sends {ID}, {TIMESTAMP} and {SIGNATURE}: pass all headers "
            "of the request."
        )
    return value


def _sign(key: bytes, message_id: str, timestamp: str, body: bytes) -> bytes:
    try:
        signed = b".".join((_encode(message_id), _encode(timestamp), body))
    except TypeError as error:
        raise InvalidArgument(
            f"The body is a {type(body).__name__}. Give the bytes of the request as they came, before anything reads "
            "them as JSON."
        ) from error
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"{SIGNATURE_VERSION},{base64.b64encode(digest).decode()}".encode()


def _check_time(timestamp: str, tolerance_seconds: float) -> None:
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= MAX_DIGITS):
        raise VerificationFailed(f"The header {TIMESTAMP} is '{timestamp[:40]}', not a number of seconds since 1970.")
    age_seconds = time.time() - int(timestamp)
    if abs(age_seconds) <= tolerance_seconds:
        return
    sent = f"{age_seconds:.0f} s ago" if age_seconds > 0 else f"{-age_seconds:.0f} s ahead of this machine's clock"
    raise VerificationFailed(
        f"The message was sent {sent}, and {tolerance_seconds:g} s are allowed. Somebody may have kept it and sent it "
        "again; if not, set the clock."
    )


def _read_message(message_id: str, body: bytes) -> WebhookMessage:
    try:
        document = json.loads(body)
        return WebhookMessage(
            id=message_id,
            type=str(document["type"]),
            timestamp=datetime.fromisoformat(document["timestamp"]),
            data=dict(document["data"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise VerificationFailed(
            f"The message is signed, but is not of the form that Trainyard sends ({type(error).__name__}: {error})."
        ) from error


def _encode(text: str) -> bytes:
    # Anybody may have sent the header, with any bytes; frameworks keep those that are no text as surrogates.
    return text.encode(errors="surrogatepass")
