"""Messages to webhooks: who may be told, and how a message is signed (standardwebhooks.com, version 1)."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Self
from urllib.parse import urlsplit

from core.errors import InvalidInput

SECRET_PREFIX = "whsec_"  # noqa: S105 - It precedes secrets, and is none.
SECRET_BYTES = 32
"""Between 24 and 64, as the specification demands."""

MAX_URL_LENGTH = 2000

SIGNATURE_VERSION = "v1"
"""HMAC-SHA256."""

DEFAULT_PORTS = {"https": 443, "http": 80}


class DeliveryState(StrEnum):
    """State of a delivery."""

    WAITING = "waiting"
    """It is to be sent, for the first time or again."""
    DELIVERED = "delivered"
    FAILED = "failed"
    """It is not sent any more."""


def make_secret() -> str:
    """Return a new key for signatures, in base64."""
    return base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the header `webhook-signature` of a message.

    Args:
        secret: Key in base64, with or without its prefix.
        message_id: Header `webhook-id`.
        timestamp: Header `webhook-timestamp`, in seconds since 1970.
        body: The body, byte for byte.

    Raises:
        ValueError: If the key is not base64.
    """
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except ValueError as error:
        raise ValueError("The secret of a webhook is not base64.") from error
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"{SIGNATURE_VERSION},{base64.b64encode(digest).decode()}"


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """Hosts that the operator allows messages to.

    An entry is a host name, for https on port 443; a name with a port, for https on that port; or either after
    `http://` for messages without encryption.

    Attributes:
        places: Scheme, name and port of each.
    """

    places: frozenset[tuple[str, str, int]]

    @classmethod
    def read(cls, entries: Collection[str]) -> Self:
        """Read the entries of the setting.

        Raises:
            ValueError: If one is no host.
        """
        return cls(frozenset(_read_entry(entry) for entry in entries))

    def check(self, url: str) -> None:
        """Check that messages to an address are allowed.

        Raises:
            InvalidInput: If it is no address of http or https, has a user or a fragment, or is of another host.
        """
        place = _read_url(url)
        if place not in self.places:
            scheme, host, port = place
            shown = f"{host}:{port}" if port != DEFAULT_PORTS[scheme] else host
            entry = shown if scheme == "https" else f"http://{shown}"
            raise InvalidInput.at(
                "/url",
                f"Messages to {entry[:300]} are not allowed. The operator of this service lists the hosts that it may "
                f"send to in TRAINYARD_WEBHOOK_HOSTS, such as {entry[:300]}.",
                "host_not_allowed",
            )

    def allows(self, url: str) -> bool:
        """Return True if messages to an address are allowed."""
        try:
            self.check(url)
        except InvalidInput:
            return False
        return True


def _read_url(url: str) -> tuple[str, str, int]:
    refused = InvalidInput.at(
        "/url",
        f"'{url[:200]}' is not an address that messages can be sent to. Give one such as https://example.org/hook: "
        "https or http, a host name, no user, no fragment.",
        "invalid_url",
    )
    if len(url) > MAX_URL_LENGTH or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise refused
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise refused from error
    is_usable = parts.scheme in DEFAULT_PORTS and parts.hostname and "@" not in parts.netloc and not parts.fragment
    if not is_usable or port == 0:
        raise refused
    return parts.scheme, str(parts.hostname).lower().removesuffix("."), port or DEFAULT_PORTS[parts.scheme]


def _read_entry(entry: str) -> tuple[str, str, int]:
    url = entry if "://" in entry else f"https://{entry}"
    try:
        place = _read_url(url)
        parts = urlsplit(url)
    except InvalidInput:
        place, parts = None, None
    if place is None or parts is None or parts.path not in {"", "/"} or parts.query or "*" in entry:
        raise ValueError(
            f"'{entry}' is not a host. Give names such as example.org, example.org:8443 or http://10.0.0.5"
        )
    return place
