"""Request and response bodies of API keys."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from api.http.schemas import AnswerModel
from core.api_keys import Scope
from core.specs.base import SpecModel, at_most

KeyName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$", examples=["ci"])]
"""A letter or digit, then up to 63 letters, digits, dots, underscores, at signs and dashes."""

MAX_LIFETIME_SECONDS = 10 * 366 * 24 * 3600


class KeyRequest(SpecModel):
    """Body of POST /v1/keys."""

    name: KeyName
    """Name of the user or program. Two live keys may share a name, so that one can replace the other."""
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=len(Scope)), at_most(len(Scope))]
    """Scopes of the key; `admin` includes all others."""
    lifetime_seconds: Annotated[int, Field(ge=1, le=MAX_LIFETIME_SECONDS, strict=True)] | None = None
    """Lifetime; by default until it is revoked."""


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
