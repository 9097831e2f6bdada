"""Errors that the client raises: one family, `TrainyardError`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx


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

    def __str__(self) -> str:
        return f"at {self.pointer}: {self.detail}" if self.pointer else self.detail


class TrainyardError(Exception):
    """Base of everything this package raises. Its text is the detail, then a line for each problem.

    Attributes:
        detail: The error, in a sentence.
        status: HTTP status of the answer, None where there was none.
        code: The service's stable word for it, "" where there was none.
        problems: Mistakes in the request, in the service's order.
    """

    def __init__(
        self, detail: str, *, status: int | None = None, code: str = "", problems: Sequence[Problem] = ()
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.code = code
        self.problems = tuple(problems)

    def __str__(self) -> str:
        lines = (self._describe(problem) for problem in self.problems)
        return "\n".join([self.detail, *(f"  {line}" for line in lines if line)])

    def _describe(self, problem: Problem) -> str:
        if problem.detail != self.detail:
            return str(problem)
        # A single problem is often all there is to say, and is the detail already.
        return f"at {problem.pointer}" if problem.pointer else ""


class InvalidArgument(TrainyardError):
    """An argument cannot be used, so nothing was sent."""


class UnexpectedAnswer(TrainyardError):
    """The answer is not of the form that Trainyard gives; the address may be another program's."""


class ServiceUnavailable(TrainyardError):
    """The service cannot answer now; a later request may succeed.

    Nothing answered (`status` is None), or an answer of 429, 502, 503 or 504 asked to come back later than the client
    waits.
    """


class RequestRejected(TrainyardError):
    """The service answered with an error; base of the errors below."""


class InvalidRequest(RequestRejected):
    """The service cannot use what was sent (400, 413, 415, 422); `problems` lists where."""


class AccessDenied(RequestRejected):
    """The service requires an API key: none or an unknown one was sent (401), or it lacks a scope (403)."""


class NotFound(RequestRejected):
    """Nothing of this name or id exists (404)."""


class Conflict(RequestRejected):
    """The request is not possible in the present state (409, 412, 428)."""


class BatchPredictionFailed(TrainyardError):
    """A batch prediction that was waited for ended without success: it failed or was cancelled.

    Attributes:
        batch_id: Id of the batch prediction.
        state: `failed` or `cancelled`.
    """

    def __init__(
        self, detail: str, *, batch_id: str = "", state: str = "", code: str = "", problems: Sequence[Problem] = ()
    ) -> None:
        super().__init__(detail, code=code, problems=problems)
        self.batch_id = batch_id
        self.state = state


class RunFailed(TrainyardError):
    """A run that was waited for ended without success: it failed or was cancelled.

    Attributes:
        run_id: Id of the run.
        state: `failed` or `cancelled`.
    """

    def __init__(
        self, detail: str, *, run_id: str = "", state: str = "", code: str = "", problems: Sequence[Problem] = ()
    ) -> None:
        super().__init__(detail, code=code, problems=problems)
        self.run_id = run_id
        self.state = state


class VerificationFailed(TrainyardError):
    """A message did not come from the service, was changed on the way, or was sent too long ago."""


class WaitTimedOut(TrainyardError):
    """A run had not ended when the time to wait for it was over; it continues."""


BUSY_STATUSES = frozenset({429, 502, 503, 504})

_CLASSES: dict[int, type[TrainyardError]] = {
    400: InvalidRequest,
    401: AccessDenied,
    403: AccessDenied,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    413: InvalidRequest,
    415: InvalidRequest,
    422: InvalidRequest,
    428: Conflict,
} | dict.fromkeys(BUSY_STATUSES, ServiceUnavailable)

_ADVICE = {
    401: " Set TRAINYARD_KEY to an API key of this service.",
    403: " Ask for an API key that may do this, and set TRAINYARD_KEY to it.",
}
"""Added where whatever rejected the request, such as a proxy, gives no reason."""


def read_error(response: "httpx.Response") -> TrainyardError:
    """Return the error that an answer with a status of 400 or more stands for.

    Understands problem+json (RFC 9457) and the `{"error": "..."}` of the prediction routes. Anything else, such as a
    proxy's HTML page, becomes an error that carries the status and its phrase.
    """
    kind = _CLASSES.get(response.status_code, RequestRejected)
    try:
        document = response.json()
    except ValueError:
        document = None
    body: Mapping[str, Any] = document if isinstance(document, dict) else {}
    detail = body.get("detail") or body.get("error") or body.get("title")
    if not isinstance(detail, str):
        advice = _ADVICE.get(response.status_code, "")
        detail = f"The service answered {response.status_code} {response.reason_phrase}.{advice}"
    code = body.get("code")
    return kind(
        detail,
        status=response.status_code,
        code=code if isinstance(code, str) else "",
        problems=read_problems(body.get("errors")),
    )


def read_problems(entries: Any) -> tuple[Problem, ...]:
    """Read a list of `{"pointer", "detail", "code"}`; anything else holds no problems."""
    if not isinstance(entries, list):
        return ()
    return tuple(
        Problem(
            pointer=str(entry.get("pointer", "")), detail=str(entry.get("detail", "")), code=str(entry.get("code", ""))
        )
        for entry in entries
        if isinstance(entry, dict)
    )
