"""API keys: format, generation, hashing, and the scopes of a key.

A key is `ty_PREFIX_SECRET`: a prefix of 8 lower-case letters and digits, which is public and names the key in lists and
logs, and a secret of 43 letters and digits. `python -m core.api_keys` prints a new one; it needs only Python and no
running service.
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
"""A random secret has about 31 distinct characters; fewer than 16 occur less than once in 10¹² draws."""

UNKNOWN_SECRET_SHA256 = hashlib.sha256(b"").hexdigest()
"""Hash compared for an unknown prefix: no secret is empty, so none matches it."""


class Scope(StrEnum):
    """Permission of a key."""

    READ = "read"
    """Read everything but keys and metrics of the service."""
    SUBMIT = "submit"
    """Submit and cancel runs, upload datasets, move aliases."""
    PREDICT = "predict"
    """Predict with models, and read their status and metadata."""
    ADMIN = "admin"
    """Everything, and as the only scope: delete runs, create and revoke keys."""
    METRICS = "metrics"
    """The metrics of the service at /metrics, and nothing else."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key with its secret, which is hidden from `repr` and logs.

    Attributes:
        prefix: Public part, unique among keys.
    """

    prefix: str
    secret: str = field(repr=False)

    def reveal(self) -> str:
        """Return the whole key, to be shown once to its creator."""
        return f"ty_{self.prefix}_{self.secret}"


def make_key() -> ApiKey:
    """Generate a new key from the operating system's random numbers."""
    return ApiKey(prefix=_draw(PREFIX_ALPHABET, PREFIX_LENGTH), secret=_draw(SECRET_ALPHABET, SECRET_LENGTH))


def read_key(text: str) -> ApiKey | None:
    """Parse a key; return None if the text does not have the form of one."""
    found = KEY_FORM.fullmatch(text)
    return ApiKey(prefix=found[1], secret=found[2]) if found else None


def read_given_keys(text: str) -> tuple[ApiKey, ...]:
    """Parse the keys of a setting: none, one, or two separated by a comma while one replaces the other.

    Raises:
        ValueError: If one is malformed or weak; says how to create one, and does not repeat the text.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) > MAX_GIVEN_KEYS:
        raise ValueError(
            f"{len(parts)} keys came. Expected one, or two separated by a comma while one replaces the other"
        )
    keys = []
    for number, part in enumerate(parts, start=1):
        key = read_key(part)
        if key is None:
            raise ValueError(f"key {number} of {len(parts)} does not have the form {FORM_IN_WORDS}. {HOW_TO_MAKE}")
        if is_weak(key):
            raise ValueError(f"the secret of {key.prefix} is not random: it repeats characters. {HOW_TO_MAKE}")
        keys.append(key)
    return tuple(keys)


def is_weak(key: ApiKey) -> bool:
    """Return True if a secret was evidently typed and not generated."""
    return len(set(key.secret)) < MIN_DISTINCT_CHARACTERS


def hash_secret(secret: str) -> str:
    """Return the SHA-256 of a secret in hexadecimal, which is stored in its place.

    A slow hash (scrypt, Argon2) makes it expensive to guess secrets that people choose. 256 random bits cannot be
    guessed at any speed, so a fast hash suffices; a slow one would cost each request milliseconds and let strangers
    keep the processor busy.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def is_secret(secret: str, secret_sha256: str | None) -> bool:
    """Compare a secret with a stored hash, in a time that does not depend on the match.

    Args:
        secret: Received secret.
        secret_sha256: Stored hash; None if there is none, which takes the same time.
    """
    expected = UNKNOWN_SECRET_SHA256 if secret_sha256 is None else secret_sha256
    return hmac.compare_digest(hash_secret(secret), expected)


def allows(held: Iterable[Scope], needed: Scope) -> bool:
    """Return True if a key with these scopes has the needed one or is an admin key."""
    return not {needed, Scope.ADMIN}.isdisjoint(held)


def _draw(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


if __name__ == "__main__":
    print(make_key().reveal())  # noqa: T201  # This is a program that prints it.
