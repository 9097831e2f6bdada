"""What can go wrong between a program and a Trainyard service: one family, `ClientError`."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with what was sent.

    Attributes:
        pointer: Where, as a JSON Pointer (RFC 6901) into the body that was sent; "" is the whole.
        detail: What came, what was expected, what to do.
        code: A stable word for programs, such as `unknown_field`.
    """

    pointer: str
    detail: str
    code: str


class ClientError(Exception):
    """The base of everything this package raises.

    Attributes:
        detail: What went wrong, in a sentence for people.
        status: The HTTP status of the answer, None where there was none.
        code: The service's stable word for it, "" where there was none.
        problems: What exactly is wrong with what was sent, in the service's order.
    """

    def __init__(
        self, detail: str, *, status: int | None = None, code: str = "", problems: Sequence[Problem] = ()
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.code = code
        self.problems = tuple(problems)


class InvalidArgument(ClientError):
    """Something given to the client can not be used, so nothing was sent."""


class ServiceUnreachable(ClientError):
    """No service answered, or it stopped answering for longer than the client waits."""


class UnexpectedAnswer(ClientError):
    """What answered does not speak as a Trainyard service does; the address may be another program's."""


class RequestRefused(ClientError):
    """The service answered with an error."""


class KeyRefused(RequestRefused):
    """The service asks for an API key: none was sent, or one that opens nothing (401), or not this (403)."""


class InvalidRequest(RequestRefused):
    """The service can not use what was sent (400, 413, 415, 422); `problems` says where."""


class NotFound(RequestRefused):
    """What was named does not exist (404)."""


class Conflict(RequestRefused):
    """What was asked is not possible in the present state (409, 412)."""


class ServiceBusy(RequestRefused):
    """The service can not answer just now (429, 502, 503, 504); asking again later may work."""


class WaitTimedOut(ClientError):
    """A run had not ended when the time to wait for it was over; it goes on regardless."""
