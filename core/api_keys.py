"""API keys: their form, how a new one is drawn, what is kept of one, and what each scope allows.

A key is `ty_PREFIX_SECRET`: a prefix of 8 lower-case letters and digits, which is public and names the key in lists and
logs, and a secret of 43 letters and digits. `python -m core.api_keys` prints a fresh one; it needs nothing but Python,
and no service.
"""

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

PREFIX_ALPHABET = string.ascii_lowercase + string.digits
PREFIX_LENGTH = 8
SECRET_ALPHABET = string.ascii_letters + string.digits
# 43 characters out of 62 are 43 · log2(62) = 256.03 bits.
SECRET_LENGTH = 43

KEY_FORM = re.compile(rf"ty_([a-z0-9]{{{PREFIX_LENGTH}}})_([A-Za-z0-9]{{{SECRET_LENGTH}}})")
KEY_LENGTH = len("ty__") + PREFIX_LENGTH + SECRET_LENGTH

FORM_IN_WORDS = (
    f"ty_PREFIX_SECRET, {PREFIX_LENGTH} lower-case letters and digits and {SECRET_LENGTH} letters and digits"
)
HOW_TO_MAKE = "Make a key with: python -m core.api_keys"
MAX_GIVEN_KEYS = 2

MIN_DISTINCT_CHARACTERS = 16
"""A drawn secret has about 31 distinct characters; one below 16 comes up less than once in 10¹² draws."""

UNKNOWN_SECRET_SHA256 = hashlib.sha256(b"").hexdigest()
"""Stands in where no key has a prefix: no secret is empty, so nothing matches it."""


class Scope(StrEnum):
    """What a key may be used for."""

    READ = "read"
    """Look at everything but keys and metrics of the service."""
    SUBMIT = "submit"
    """Submit and cancel runs, send files of datasets, move aliases."""
    PREDICT = "predict"
    """Ask models, their status and their metadata."""
    ADMIN = "admin"
    """Everything, and alone: delete runs, make and revoke keys."""
    METRICS = "metrics"
    """The metrics of the service at /metrics, and nothing else."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key with its secret, which neither `repr` nor a log shows.

    Attributes:
        prefix: Public; no two keys have the same.
    """

    prefix: str
    secret: str = field(repr=False)

    def reveal(self) -> str:
        """The whole key, to be shown once to whoever asked for it."""
        return f"ty_{self.prefix}_{self.secret}"


def make_key() -> ApiKey:
    """Draw a new key from the operating system's random numbers."""
    return ApiKey(prefix=_draw(PREFIX_ALPHABET, PREFIX_LENGTH), secret=_draw(SECRET_ALPHABET, SECRET_LENGTH))


def read_key(text: str) -> ApiKey | None:
    """The parts of a key, or None where the text does not have the form of one."""
    found = KEY_FORM.fullmatch(text)
    return ApiKey(prefix=found[1], secret=found[2]) if found else None


def read_given_keys(text: str) -> tuple[ApiKey, ...]:
    """The keys that were given from outside: none, one, or two separated by a comma while one takes over.

    Raises:
        ValueError: If one is malformed or weak, saying how to make one; what came is not repeated.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) > MAX_GIVEN_KEYS:
        raise ValueError(f"{len(parts)} keys came, expected one, or two separated by a comma while one takes over")
    keys = []
    for number, part in enumerate(parts, start=1):
        key = read_key(part)
        if key is None:
            raise ValueError(f"key {number} of {len(parts)} does not have the form {FORM_IN_WORDS}. {HOW_TO_MAKE}")
        if is_weak(key):
            raise ValueError(f"the secret of {key.prefix} was not drawn at random: it repeats itself. {HOW_TO_MAKE}")
        keys.append(key)
    return tuple(keys)


def is_weak(key: ApiKey) -> bool:
    """Whether a secret was evidently typed and not drawn."""
    return len(set(key.secret)) < MIN_DISTINCT_CHARACTERS


def hash_secret(secret: str) -> str:
    """What is kept of a secret: its SHA-256 in hexadecimal.

    A slow hash (scrypt, Argon2) makes guessing dear where people choose the secret. Nobody guesses 256 random bits at
    any speed, so that a fast one suffices; a slow one would cost each request milliseconds and offer strangers a way
    to keep the processor busy.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def is_secret(secret: str, secret_sha256: str | None) -> bool:
    """Whether a secret is the one that was kept, compared in a time that does not depend on how much of it is right.

    Args:
        secret: What came.
        secret_sha256: What was kept; None where nothing was, which takes as long to find out.
    """
    expected = UNKNOWN_SECRET_SHA256 if secret_sha256 is None else secret_sha256
    return hmac.compare_digest(hash_secret(secret), expected)


def allows(held: Iterable[Scope], needed: Scope) -> bool:
    """Whether a key with these scopes may do what needs this one: it has it, or it is an admin's."""
    return not {needed, Scope.ADMIN}.isdisjoint(held)


def _draw(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


if __name__ == "__main__":
    print(make_key().reveal())  # noqa: T201  # Printing it is what this program is for.
