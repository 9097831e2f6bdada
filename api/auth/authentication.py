"""Authentication by API key: a key of the environment, or one of the database."""

import asyncio
import hashlib
import logging
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from api.auth.access import Caller
from api.auth.metering import Meters
from api.http.errors import UnknownCredential
from core.api_keys import ApiKey, Scope, hash_secret, is_secret
from core.errors import DatabaseUnavailable, TrainyardError
from core.quotas import NO_LIMITS, Limits
from core.settings import Settings
from db import api_keys, quotas
from db.session import Database

logger = logging.getLogger(__name__)

REMEMBER_SECONDS = 4.0
"""Time for which a valid key is cached. A key that another process revokes is rejected after this time, plus that of
a database query in progress."""

GRACE_SECONDS = 600.0
"""Time for which a key that was valid is accepted while the database does not answer; none is revoked meanwhile."""

MAX_REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class GivenKey:
    """Key of the environment, in memory."""

    caller: Caller
    secret_sha256: str


@dataclass(frozen=True, slots=True)
class _Remembered:
    """A valid key.

    Attributes:
        until: Time, by the monotonic clock, from which the database is asked again.
        grace_until: Time up to which the key is accepted if that does not answer.
    """

    caller: Caller
    until: float
    grace_until: float


class Authenticator:
    """Identifies callers by their keys. Creating it opens no connections.

    Only valid keys are cached, by their hash; wrong ones take no memory.
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        self.asks_for_keys = settings.asks_for_keys
        self.given_keys = {key.prefix: given for key, given in _given(settings)}
        self._database = database
        self._limits = settings.limits
        self._meters = Meters()
        self._remembered: dict[bytes, _Remembered] = {}
        self._uses: dict[str, asyncio.Task[None]] = {}

    @property
    def has_given_admin(self) -> bool:
        """Return True if the environment has an admin key, which cannot be revoked over HTTP."""
        return any(Scope.ADMIN in given.caller.scopes for given in self.given_keys.values())

    async def identify(self, key: ApiKey) -> Caller:
        """Return the caller of a key.

        Raises:
            UnknownCredential: If the key is unknown, revoked or expired.
            DatabaseUnavailable: If the database does not answer.
        """
        digest = digest_of(key)
        known = self.recall(digest)
        if known is not None:
            return known
        now = time.monotonic()
        given = self.given_keys.get(key.prefix)
        if given is not None:
            if not is_secret(key.secret, given.secret_sha256):
                raise _unknown()
            self._remember(digest, given.caller, now, REMEMBER_SECONDS, GRACE_SECONDS)
            return given.caller
        try:
            stored, limits = await run_in_threadpool(self._find, key.prefix)
        except DatabaseUnavailable:
            return self._recall_in_grace(digest)
        # Always compared, so that an unknown prefix takes as long as a wrong secret.
        is_right = is_secret(key.secret, None if stored is None else stored.secret_sha256)
        if stored is None or not is_right:
            raise _unknown()
        if not stored.is_live:
            raise _closed(stored)
        meter = self._meters.find(stored.name, limits.over(self._limits).requests_per_minute or 0)
        caller = Caller(stored.name, stored.prefix, stored.scopes, meter)
        left_seconds = math.inf
        if stored.expires_at is not None:
            left_seconds = (stored.expires_at - stored.read_at).total_seconds()
        self._remember(digest, caller, now, min(left_seconds, REMEMBER_SECONDS), min(left_seconds, GRACE_SECONDS))
        if stored.is_use_due:
            self._note_use(stored.prefix)
        return caller

    def recall(self, digest: bytes) -> Caller | None:
        """Return the caller of a key that was found valid within the last seconds; None if there is none."""
        known = self._remembered.get(digest)
        return known.caller if known is not None and time.monotonic() < known.until else None

    def forget(self, prefix: str) -> None:
        """Remove a key from the cache, so that the next request reads the database."""
        self._forget(lambda caller: caller.prefix == prefix)

    def forget_name(self, name: str) -> None:
        """Remove the keys of a name from the cache."""
        self._forget(lambda caller: caller.name == name)

    def _forget(self, is_meant: Callable[[Caller], bool]) -> None:
        # Copied to a list first: other threads remove entries while the event loop adds some.
        for digest, known in list(self._remembered.items()):
            if is_meant(known.caller):
                self._remembered.pop(digest, None)

    async def close(self) -> None:
        """Wait for writes in progress."""
        await asyncio.gather(*self._uses.values())

    def _find(self, prefix: str) -> tuple[api_keys.StoredKey | None, Limits]:
        with self._database.reading() as session:
            found = api_keys.find(session, prefix)
            return found, NO_LIMITS if found is None else quotas.find_limits(session, found.name)

    def _recall_in_grace(self, digest: bytes) -> Caller:
        """Return the caller of a key that was valid when the database last answered.

        Raises:
            DatabaseUnavailable: If there is none.
        """
        known = self._remembered.get(digest)
        now = time.monotonic()
        if known is None or now >= known.grace_until:
            raise DatabaseUnavailable("The database does not answer, so the API key cannot be checked. Try again.")
        # The database is asked again a little later, not for each request: it may take long not to answer.
        until = min(now + REMEMBER_SECONDS, known.grace_until)
        self._remembered[digest] = _Remembered(known.caller, until, known.grace_until)
        return known.caller

    def _remember(self, digest: bytes, caller: Caller, now: float, seconds: float, grace_seconds: float) -> None:
        if len(self._remembered) >= MAX_REMEMBERED:
            # More live keys than this within seconds are rare, and clearing costs each a query.
            self._remembered.clear()
        self._remembered[digest] = _Remembered(caller, now + seconds, now + grace_seconds)

    def _note_use(self, prefix: str) -> None:
        """Record the use of a key in the background, so that a busy database does not delay the request."""
        if prefix not in self._uses:
            task = asyncio.get_running_loop().create_task(run_in_threadpool(self._write_use, prefix))
            self._uses[prefix] = task
            task.add_done_callback(lambda _: self._uses.pop(prefix))

    def _write_use(self, prefix: str) -> None:
        try:
            with self._database.transaction() as session:
                api_keys.note_use(session, prefix)
        except TrainyardError as error:
            logger.warning("The use of the API key %s was not recorded. %s", prefix, error.detail)
        except Exception:
            # Nothing awaits this task, so nothing else would report the error.
            logger.exception("The use of the API key %s was not recorded.", prefix)


def digest_of(key: ApiKey) -> bytes:
    """Return the hash that a key is looked up by, so that the time of the look-up reveals nothing about a secret."""
    return hashlib.sha256(key.reveal().encode()).digest()


def _given(settings: Settings) -> Iterator[tuple[ApiKey, GivenKey]]:
    for name, scope, keys in (
        ("bootstrap", Scope.ADMIN, settings.bootstrap_keys),
        ("metrics", Scope.METRICS, settings.metrics_keys),
    ):
        for key in keys:
            yield key, GivenKey(Caller(name, key.prefix, frozenset({scope})), hash_secret(key.secret))


def _unknown() -> UnknownCredential:
    return UnknownCredential("This API key is unknown. Check that it is complete and belongs to this service.")


def _closed(stored: api_keys.StoredKey) -> UnknownCredential:
    # A caller with the whole secret may know the state of the key.
    ending = (
        f"was revoked at {stored.revoked_at:%Y-%m-%d %H:%M} UTC"
        if stored.revoked_at is not None
        else f"expired at {stored.expires_at:%Y-%m-%d %H:%M} UTC"
    )
    return UnknownCredential(f"The API key {stored.prefix} ('{stored.name}') {ending}. Ask for a new one.")
