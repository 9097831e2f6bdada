"""Aliases of models: which versions answer under a name."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from trainyard import documents
from trainyard.operation import Answer, Operation, Page, encode, ignore
from trainyard.resources.registry import model_path, page_parameters


@dataclass(frozen=True, slots=True)
class Targets:
    """Versions behind an alias.

    Attributes:
        version: The version that answers; of several the one with the lowest number.
        weights: Weight of each version that answers, by number; their shares are relative to the sum.
        shadow: Version that receives each request too, and whose answers are only compared.
    """

    version: int
    weights: Mapping[int, int]
    shadow: int | None

    @classmethod
    def from_json(cls, body: documents.AliasTargets | documents.Alias) -> Self:
        """Read the versions in an alias or in a change of one."""
        version = int(body["version"])
        split = body["versions"] or {str(version): 1}
        return cls(version, {int(number): int(weight) for number, weight in split.items()}, body["shadow"])


@dataclass(frozen=True, slots=True)
class Alias:
    """An alias of a model.

    Attributes:
        targets: Versions behind it.
        etag: Changes with each change of the alias; to change it only if nobody else has.
        document: All of the answer, as it came.
    """

    model: str
    name: str
    targets: Targets
    etag: str
    document: documents.Alias

    @classmethod
    def from_json(cls, body: documents.Alias, etag: str = "") -> Self:
        """Read an alias; in lists it has no ETag."""
        return cls(str(body["model"]), str(body["alias"]), Targets.from_json(body), etag, body)


@dataclass(frozen=True, slots=True)
class AliasChange:
    """A change of an alias.

    Attributes:
        action: `set`, `rolled_back`, `deleted` or `version_deleted`.
        before: Versions behind it before; None if there was no such alias.
        after: Versions behind it after; None if it was deleted.
        caller: Name of the API key; None if the service does not require keys.
        document: All of the answer, as it came.
    """

    action: str
    before: Targets | None
    after: Targets | None
    caller: str | None
    changed_at: datetime
    document: documents.AliasChange

    @classmethod
    def from_json(cls, body: documents.AliasChange) -> Self:
        """Read an item of the history of an alias."""
        before, after = body["before"], body["after"]
        return cls(
            action=str(body["action"]),
            before=None if before is None else Targets.from_json(before),
            after=None if after is None else Targets.from_json(after),
            caller=body["caller"],
            changed_at=datetime.fromisoformat(body["changed_at"]),
            document=body,
        )


def list_page(model: str, cursor: str | None) -> Operation[Page[Alias]]:
    """Fetch a page of the aliases of a model."""
    path = f"{model_path(model)}/aliases"
    return Operation("GET", path, lambda answer: answer.read_page(Alias), parameters=page_parameters(cursor))


def get(model: str, alias: str) -> Operation[Alias]:
    """Fetch one alias."""
    return Operation("GET", _alias_path(model, alias), _read_alias)


def set_versions(
    model: str,
    alias: str,
    version: int | Mapping[int, int],
    *,
    shadow: int | None,
    if_better: str | None,
    etag: str | None,
) -> Operation[Alias]:
    """Set an alias; see `Registry.set_alias`."""
    if isinstance(version, Mapping):
        body: dict[str, Any] = {"versions": {str(number): weight for number, weight in version.items()}}
    else:
        body = {"version": version}
    if shadow is not None:
        body["shadow"] = shadow
    if if_better is not None:
        body["if_better"] = if_better
    # With an ETag a second request would find that the first has changed it.
    return Operation(
        "PUT",
        _alias_path(model, alias),
        _read_alias,
        body=body,
        headers=_only_if(etag),
        is_repeatable=etag is None,
    )


def roll_back(model: str, alias: str, *, etag: str | None) -> Operation[Alias]:
    """Undo the last change of an alias. Sent once: a second request would go back further."""
    path = f"{_alias_path(model, alias)}:rollback"
    return Operation("POST", path, _read_alias, headers=_only_if(etag), is_repeatable=False)


def delete(model: str, alias: str, *, etag: str | None) -> Operation[None]:
    """Delete an alias."""
    return Operation("DELETE", _alias_path(model, alias), ignore, headers=_only_if(etag))


def history_page(model: str, alias: str, cursor: str | None) -> Operation[Page[AliasChange]]:
    """Fetch a page of the changes of an alias, newest first."""
    path = f"{_alias_path(model, alias)}/history"
    return Operation("GET", path, lambda answer: answer.read_page(AliasChange), parameters=page_parameters(cursor))


def _alias_path(model: str, alias: str) -> str:
    return f"{model_path(model)}/aliases/{encode(alias)}"


def _only_if(etag: str | None) -> dict[str, str]:
    return {} if etag is None else {"If-Match": etag}


def _read_alias(answer: Answer) -> Alias:
    etag = answer.headers.get("ETag", "")
    return answer.convert(lambda body: Alias.from_json(body, etag), answer.read_object())
