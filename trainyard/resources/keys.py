"""API keys: create, list, revoke."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import uuid4

from trainyard import documents
from trainyard.operation import Operation, Page, encode, ignore

PATH = "/v1/keys"

PAGE_SIZE = 200


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """A key without its secret.

    Attributes:
        prefix: Its public part.
        name: User or purpose of the key.
        scopes: Permissions of the key.
        source: `database`, or `environment` for one that the service was started with.
        state: `live`, `expired` or `revoked`.
        document: All of the answer, as it came.
    """

    prefix: str
    name: str
    scopes: tuple[str, ...]
    source: str
    state: str
    document: documents.KeyEntry

    @classmethod
    def from_json(cls, body: documents.KeyEntry) -> Self:
        """Read an item of `/v1/keys`."""
        return cls(
            prefix=str(body["prefix"]),
            name=str(body["name"]),
            scopes=tuple(map(str, body["scopes"])),
            source=body["source"],
            state=body["state"],
            document=body,
        )


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made.

    Attributes:
        key: The whole of it, which is shown this once.
        entry: All else.
        document: All of the answer, the key included.
    """

    key: str = field(repr=False)
    entry: KeyEntry = field(repr=False)
    document: documents.NewKey = field(repr=False)

    @classmethod
    def from_json(cls, body: documents.NewKey) -> Self:
        """Read the answer to `POST /v1/keys`."""
        return cls(key=str(body["key"]), entry=KeyEntry.from_json(body), document=body)


def create(
    name: str, scopes: Sequence[str], lifetime_seconds: int | None, limits: Mapping[str, int | None] | None
) -> Operation[NewKey]:
    """Create a key; see `Client.create_key`."""
    body: dict[str, Any] = {"name": name, "scopes": list(scopes)}
    if lifetime_seconds is not None:
        body["lifetime_seconds"] = lifetime_seconds
    if limits:
        body["limits"] = dict(limits)
    headers = {"Idempotency-Key": str(uuid4())}
    return Operation("POST", PATH, lambda answer: answer.read_one(NewKey), body=body, headers=headers)


def list_page(cursor: str | None) -> Operation[Page[KeyEntry]]:
    """Fetch a page of every key there is or was."""
    parameters = [("limit", str(PAGE_SIZE))] + ([("cursor", cursor)] if cursor else [])
    return Operation("GET", PATH, lambda answer: answer.read_page(KeyEntry), parameters=parameters)


def revoke(prefix: str) -> Operation[None]:
    """Revoke a key. Where the whole key is given, only its public part is sent."""
    public = prefix.removeprefix("ty_").partition("_")[0]
    return Operation("DELETE", f"{PATH}/{encode(public)}", ignore)
