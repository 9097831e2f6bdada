"""Request and response bodies of API keys."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from api.http.schemas import AnswerModel
from core.api_keys import Scope
from core.quotas import HIGHEST_PRIORITY, LOWEST_PRIORITY
from core.specs.base import SpecModel, at_most

KeyName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$", examples=["ci"])]
"""A letter or digit, then up to 63 letters, digits, dots, underscores, at signs and dashes."""

Count = Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)]

Bytes = Annotated[int, Field(ge=0, le=2**53, strict=True)]

MAX_LIFETIME_SECONDS = 10 * 366 * 24 * 3600


class KeyLimits(SpecModel):
    """Limits of all keys of a name; null where those of the settings hold, 0 for no limit."""

    queued_runs: Count | None = None
    """Most runs that wait for a trainer."""
    running_runs: Count | None = None
    """Most runs that are trained at the same time; further ones wait."""
    disk_bytes: Bytes | None = None
    """Most bytes of what its runs left, its datasets and its uploaded networks."""
    requests_per_minute: Count | None = None
    """Most requests in a minute, in each process of the API."""
    priority: Annotated[int, Field(ge=LOWEST_PRIORITY, le=HIGHEST_PRIORITY, strict=True)] | None = None
    """Highest priority of its runs. Here 0 is an ordinary value."""

    @property
    def given(self) -> dict[str, int | None]:
        """Return the limits that were sent, null or not."""
        return {name: getattr(self, name) for name in sorted(self.model_fields_set)}


class KeyRequest(SpecModel):
    """Body of POST /v1/keys."""

    name: KeyName
    """Name of the user or program. Two live keys may share a name, so that one can replace the other."""
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=len(Scope)), at_most(len(Scope))]
    """Scopes of the key; `admin` includes all others."""
    lifetime_seconds: Annotated[int, Field(ge=1, le=MAX_LIFETIME_SECONDS, strict=True)] | None = None
    """Lifetime; by default until it is revoked."""
    limits: KeyLimits | None = None
    """Limits to set, of all keys of this name; by default they stay as they are."""


class KeyEntry(AnswerModel):
    """Key without its secret, of which only a hash is stored."""

    prefix: str
    """Public part of the key: `ty_PREFIX_…`."""
    name: str
    scopes: list[Scope]
    source: Literal["database", "environment"]
    """`environment`: from TRAINYARD_BOOTSTRAP_KEY or TRAINYARD_METRICS_KEY of this process."""
    state: Literal["live", "expired", "revoked"]
    created_at: datetime | None
    """Null for keys of the environment, as are all following fields."""
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    """To the minute."""


class NewKey(KeyEntry):
    """New key."""

    key: str
    """Whole key, which is shown only here."""


class KeyList(AnswerModel):
    """Page of keys, newest first; on the first page those of the environment before those of the database."""

    items: list[KeyEntry]
    next_cursor: str | None
    """Value of `cursor` for the next page; null on the last."""
