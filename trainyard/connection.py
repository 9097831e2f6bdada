"""Address of the service and API key, as given or from the environment."""

import os
import re
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from trainyard.errors import InvalidArgument

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = "8000"

LOOPBACK_OF = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # Looked up, not listened on.
"""Address at which to reach a service that listens on every address of its machine."""

SENDABLE = re.compile(r"[\x21-\x7e]+")
"""Matches a key that a header can carry as one word (RFC 9110 section 5.5)."""


def find_base_url(given: str | None, environment: Mapping[str, str] = os.environ) -> str:
    """Return the base URL to use, without a slash at its end.

    Args:
        given: Address of the user; `localhost:8000` means `http://localhost:8000`.
        environment: Read where nothing was given: TRAINYARD_URL, else TRAINYARD_HOST and TRAINYARD_PORT.
            Empty variables count as not set.

    Raises:
        InvalidArgument: If it is not an http or https address.
    """
    address = given or environment.get("TRAINYARD_URL") or _local_url(environment)
    if "://" not in address:
        address = f"http://{address}"
    try:
        parts = urlsplit(address)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise InvalidArgument(f"'{address}' is not the address of a service. Write it as http://127.0.0.1:8000.")
    return address.rstrip("/")


def find_api_key(given: str | None, environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the API key to use, None where there is none. Never read from a command line, which others can see.

    Args:
        given: Key that the program passed; "" means none.
        environment: Read where nothing was given: TRAINYARD_KEY. An empty variable counts as not set.

    Raises:
        InvalidArgument: If it cannot be sent; what came is not repeated.
    """
    key = (environment.get("TRAINYARD_KEY") if given is None else given) or ""
    # A key that was read from a file ends with the end of its line.
    key = key.strip()
    if not key:
        return None
    if not SENDABLE.fullmatch(key):
        raise InvalidArgument(
            "The API key (TRAINYARD_KEY) cannot be sent. Expected one word of the form ty_PREFIX_SECRET."
        )
    return key


def is_loopback(base_url: str) -> bool:
    """Return whether the address is this machine's own, which no proxy can reach for us."""
    host = urlsplit(base_url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _local_url(environment: Mapping[str, str]) -> str:
    host = environment.get("TRAINYARD_HOST") or DEFAULT_HOST
    host = LOOPBACK_OF.get(host, host)
    port = environment.get("TRAINYARD_PORT") or DEFAULT_PORT
    # An IPv6 address stands in brackets in a URL (RFC 3986, section 3.2.2).
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
