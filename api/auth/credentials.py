"""API key of a request, which is read from headers only."""

from collections.abc import Iterable

from api.http.errors import KeyRejected, UnknownCredential
from core.api_keys import FORM_IN_WORDS, KEY_LENGTH, ApiKey, read_key

AUTHORIZATION = b"authorization"

API_KEY_HEADER = b"x-api-key"

SCHEME = b"bearer"

MAX_VALUE_LENGTH = 2 * KEY_LENGTH
"""Longest header with a key: enough for scheme, spaces and key; longer ones are rejected unread."""

HOW_TO_SEND = "Send it as 'Authorization: Bearer KEY' or as 'X-API-Key: KEY'"


def read_credential(headers: Iterable[tuple[bytes, bytes]]) -> ApiKey:
    """Read the key of a request and check its form, but not its validity.

    Errors do not repeat the header: it may be a key that was sent in the wrong way.

    Args:
        headers: Headers as in ASGI: names in lower case, in the order they were sent.

    Raises:
        KeyRejected: If there is none.
        UnknownCredential: If there are several, or the value is not a key.
    """
    bearer: list[bytes] = []
    plain: list[bytes] = []
    for name, value in headers:
        if name == AUTHORIZATION:
            bearer.append(value)
        elif name == API_KEY_HEADER:
            plain.append(value)
    if not bearer and not plain:
        raise KeyRejected(
            f"This request needs an API key. {HOW_TO_SEND}; the trainyard command reads it from TRAINYARD_KEY."
        )
    if len(bearer) > 1 or len(plain) > 1:
        raise UnknownCredential(f"A header with an API key was sent twice. {HOW_TO_SEND}, once.")
    keys = {_read_text(value) for value in (*map(_strip_scheme, bearer), *plain)}
    if len(keys) > 1:
        raise UnknownCredential("Authorization and X-API-Key contain different keys. Send one of them.")
    return keys.pop()


def _strip_scheme(value: bytes) -> bytes:
    """Return the text after `Bearer` (RFC 6750 section 2.1); the scheme is case-insensitive (RFC 9110 section 11.1)."""
    scheme, _, rest = value[: MAX_VALUE_LENGTH + 1].partition(b" ")
    if scheme.lower() != SCHEME:
        raise UnknownCredential(f"The Authorization header does not have the scheme Bearer. {HOW_TO_SEND}.")
    return rest


def _read_text(value: bytes) -> ApiKey:
    malformed = UnknownCredential(f"Expected an API key of the form {FORM_IN_WORDS}. {HOW_TO_SEND}.")
    if len(value) > MAX_VALUE_LENGTH or not value.isascii():
        raise malformed
    key = read_key(value.decode("ascii").strip(" \t"))
    if key is None:
        raise malformed
    return key
