"""The row of an API key."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from db.clock import database_now
from db.records import Base


class ApiKeyRecord(Base):
    """An API key; the row stays when the key is revoked.

    Attributes:
        prefix: The public part of the key.
        name: Of whom or what it is for; two keys may have the same while one takes over from the other.
        scopes: Words separated by spaces, as OAuth writes them (RFC 6749 section 3.3).
        secret_sha256: All that is kept of the secret.
        expires_at: None for a key that lives until it is revoked.
        last_used_at: Written at most once a minute.
    """

    __tablename__ = "api_keys"

    prefix: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(index=True)
    scopes: Mapped[str]
    secret_sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(insert_default=database_now())
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
