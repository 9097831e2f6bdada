"""API keys as the service tells them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """A key without its secret.

    Attributes:
        prefix: Its public part.
        name: Whom or what it is for.
        scopes: What it may be used for.
        source: `database`, or `environment` for one that the service was started with.
        state: `live`, `expired` or `revoked`.
        document: All of the answer, as it came.
    """

    prefix: str
    name: str
    scopes: tuple[str, ...]
    source: str
    state: str
    document: Mapping[str, Any]

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """Read an item of `/v1/keys`."""
        return cls(
            prefix=str(body["prefix"]),
            name=str(body["name"]),
            scopes=tuple(map(str, body["scopes"])),
            source=str(body.get("source") or ""),
            state=str(body.get("state") or ""),
            document=body,
        )


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made.

    Attributes:
        key: The whole of it, which is told this once.
        entry: All else.
        document: All of the answer, the key included.
    """

    key: str = field(repr=False)
    entry: KeyEntry = field(repr=False)
    document: Mapping[str, Any] = field(repr=False)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """Read the answer to `POST /v1/keys`."""
        return cls(key=str(body["key"]), entry=KeyEntry.from_json(body), document=body)
