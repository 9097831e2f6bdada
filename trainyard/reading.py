"""From the service's answers to this client's classes."""

from collections.abc import Mapping
from typing import Any, Protocol, Self, TypeVar

from trainyard.errors import UnexpectedAnswer
from trainyard.transport import Transport


class _FromJson(Protocol):
    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self: ...


_Answer = TypeVar("_Answer", bound=_FromJson)


class AnswerReader:
    """What every group of methods of the client needs."""

    base_url: str
    _transport: Transport

    def _read(self, kind: type[_Answer], body: Mapping[str, Any]) -> _Answer:
        try:
            return kind.from_json(body)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UnexpectedAnswer(
                f"{self.base_url} answered in a form this client does not know ({type(error).__name__}: {error}). "
                "Check the address, and that client and service are of the same version."
            ) from error

    def _read_items(self, kind: type[_Answer], page: Mapping[str, Any], *, name: str = "items") -> list[_Answer]:
        items = page.get(name)
        if not isinstance(items, list):
            raise UnexpectedAnswer(f"{self.base_url} answered without a list of '{name}'. Check the address.")
        return [self._read(kind, item) for item in items]
