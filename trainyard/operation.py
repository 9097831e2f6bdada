"""Operations of the HTTP interface as values: what to send, and how to read the answer. Nothing is sent here.

`Client` and `AsyncClient` send the same operations, so what goes over the wire is written once, in `resources/`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar
from urllib.parse import quote

from trainyard.errors import UnexpectedAnswer
from trainyard.uploads import Upload

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


class FromJson(Protocol):
    """A class that is read from a JSON object."""

    @classmethod
    def from_json(cls, body: Any) -> Self:
        """Read it; raise KeyError, TypeError, ValueError or AttributeError if the object is of another form."""


Readable = TypeVar("Readable", bound=FromJson)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list; `next_cursor` asks for the following part and is None on the last."""

    items: list[T]
    next_cursor: str | None


class Answer:
    """An answer of status 200 to 299, read into the classes of this package.

    Every method raises `UnexpectedAnswer` if the answer is not of the form that Trainyard gives.
    """

    def __init__(self, response: "httpx.Response", base_url: str) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._response = response
        self._base_url = base_url

    def read_text(self) -> str:
        """Return the body as text."""
        return self._response.text

    def read_bytes(self) -> bytes:
        """Return the body."""
        return self._response.content

    def read_object(self) -> dict[str, Any]:
        """Return the JSON object that the body is."""
        try:
            body = self._response.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise UnexpectedAnswer(
                f"{self._base_url} does not answer as Trainyard does: a JSON object was expected. Check the address.",
                status=self.status,
            )
        return body

    def read_one(self, kind: type[Readable]) -> Readable:
        """Return the body as an instance of a class."""
        return self.convert(kind.from_json, self.read_object())

    def read_list(self, kind: type[Readable], name: str = "items") -> list[Readable]:
        """Return the instances of a class that the body lists under a name."""
        return [self.convert(kind.from_json, item) for item in self.read_member(self.read_object(), name)]

    def read_page(self, kind: type[Readable]) -> Page[Readable]:
        """Return the body as a page of a list."""
        body = self.read_object()
        items = [self.convert(kind.from_json, item) for item in self.read_member(body, "items")]
        return Page(items, body.get("next_cursor") or None)

    def read_member(self, body: Mapping[str, Any], name: str) -> list[Any]:
        """Return a list that stands in the body under a name."""
        items = body.get(name)
        if not isinstance(items, list):
            raise UnexpectedAnswer(f"{self._base_url} answered without a list of '{name}'. Check the address.")
        return items

    def convert(self, function: Callable[[Any], T], value: Any) -> T:
        """Return the function's value, its errors as `UnexpectedAnswer`."""
        try:
            return function(value)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UnexpectedAnswer(
                f"{self._base_url} answered in a form this client does not know ({type(error).__name__}: {error}). "
                "Check the address, and that client and service are of the same version."
            ) from error


@dataclass(frozen=True, slots=True)
class Operation(Generic[T]):
    """A request and the way to read its answer.

    Attributes:
        method: `GET`, `POST`, `PUT` or `DELETE`.
        path: Path below the base URL, its parts percent-encoded.
        read: Reads an answer of status 200 to 299.
        parameters: Query parameters; a name may come more than once.
        body: Sent as JSON unless None.
        upload: Bytes to send, a file or a form.
        headers: Further headers.
        timeout: Seconds that the answer may take, where that is longer than the client's timeout.
        is_repeatable: Whether the same request may be sent again: it reads, or carries an Idempotency-Key, or means
            the same the second time.
    """

    method: str
    path: str
    read: Callable[[Answer], T]
    parameters: Sequence[tuple[str, str]] = ()
    body: Any = None
    upload: Upload | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float | None = None
    is_repeatable: bool = True


def ignore(_answer: Answer) -> None:
    """Read nothing: the status is the answer."""


def encode(part: str) -> str:
    """Percent-encode a name as one part of a path."""
    return quote(part, safe="")
