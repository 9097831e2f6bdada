"""Bodies about API keys."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from api.http.schemas import AnswerModel
from core.api_keys import Scope
from core.specs.base import SpecModel, at_most

KeyName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")]
"""A letter or digit, then up to 63 letters, digits, dots, underscores, at signs and dashes."""

MAX_LIFETIME_SECONDS = 10 * 366 * 24 * 3600


class KeyRequest(SpecModel):
    """What POST /v1/keys takes."""

    name: KeyName
    """Whom or what the key is for. Two live keys may have one name, so that one can take over from the other."""
    scopes: Annotated[tuple[Scope, ...], at_most(len(Scope)), Field(min_length=1)]
    """What it may be used for; `admin` includes all others."""
    lifetime_seconds: Annotated[int, Field(ge=1, le=MAX_LIFETIME_SECONDS, strict=True)] | None = None
    """How long it lives; until it is revoked by default."""


class KeyEntry(AnswerModel):
    """A key without its secret, of which only a hash is kept."""

    prefix: str
    """The public part of the key: `ty_PREFIX_…`."""
    name: str
    scopes: list[Scope]
    source: Literal["database", "environment"]
    """`environment`: from TRAINYARD_BOOTSTRAP_KEY or TRAINYARD_METRICS_KEY of this process."""
    state: Literal["live", "expired", "revoked"]
    created_at: datetime | None
    """As all that follows, null for keys of the environment."""
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    """To the minute."""


class NewKey(KeyEntry):
    """A key that was just made."""

    key: str
    """The whole key. It is shown here and never again."""


class KeyList(AnswerModel):
    """Every key, newest first; those of the environment before those of the database."""

    items: list[KeyEntry]
