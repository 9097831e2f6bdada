"""Errors that only an HTTP interface has, beside the family in core/errors.py, and the status of each class."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from core import errors
from core.api_keys import Scope
from core.errors import Conflict, InvalidInput, Problem, TrainyardError


class PreconditionFailed(Conflict):
    """The resource has changed since the client read it: If-Match names another ETag than it has."""

    code = "precondition_failed"


class CrossSiteRequest(TrainyardError):
    """A web page of another site made a browser send this."""

    code = "cross_site_request"


class BodyTooSlow(InvalidInput):
    """A request body that does not come, or comes a byte at a time."""

    code = "body_too_slow"


class MisdirectedRequest(TrainyardError):
    """The Host header names a service that this is not (RFC 9110 section 15.5.20)."""

    code = "misdirected_request"


class RejectedDataset(InvalidInput):
    """An upload that is no data a run could learn from.

    Attributes:
        code: A stable word for what is wrong with it.
    """

    code = "refused_dataset"

    def __init__(self, detail: str, code: str) -> None:
        super().__init__(detail, [Problem("", detail, code)])
        self.code = code


class DiskFull(TrainyardError):
    """There is no room for what was sent (RFC 4918 section 11.5)."""

    code = "disk_full"


class KeyRejected(TrainyardError):
    """A request without a key that lets it pass.

    Attributes:
        challenge: Value of the WWW-Authenticate header (RFC 9110 section 11.6.1, RFC 6750 section 3).
    """

    code = "key_refused"
    challenge = 'Bearer realm="trainyard"'


class UnknownCredential(KeyRejected):
    """A key that opens nothing."""

    code = "unknown_credential"
    challenge = 'Bearer realm="trainyard", error="invalid_token"'


class InsufficientScope(KeyRejected):
    """The key is right, but not for this."""

    code = "insufficient_scope"

    def __init__(self, needed: Scope, held: Sequence[Scope]) -> None:
        """Say what would have let the request pass.

        Args:
            needed: The scope that was asked for.
            held: Those that the key has.
        """
        super().__init__(
            f"This needs a key with the scope {needed}; yours has {', '.join(held)}. "
            "Ask an administrator for a key that has it: trainyard keys create."
        )
        self.challenge = f'Bearer realm="trainyard", error="insufficient_scope", scope="{needed}"'


STATUSES: Mapping[type[TrainyardError], HTTPStatus] = {
    TrainyardError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.InvalidInput: HTTPStatus.BAD_REQUEST,
    errors.InvalidSpec: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.IdempotencyMismatch: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.DatasetMissing: HTTPStatus.CONFLICT,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    RejectedDataset: HTTPStatus.UNPROCESSABLE_ENTITY,
    DiskFull: HTTPStatus.INSUFFICIENT_STORAGE,
    PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    CrossSiteRequest: HTTPStatus.FORBIDDEN,
    BodyTooSlow: HTTPStatus.REQUEST_TIMEOUT,
    MisdirectedRequest: HTTPStatus.MISDIRECTED_REQUEST,
    KeyRejected: HTTPStatus.UNAUTHORIZED,
    InsufficientScope: HTTPStatus.FORBIDDEN,
}
"""A class that is not listed has the status of the nearest class above it that is."""


def status_of(error: TrainyardError | type[TrainyardError]) -> HTTPStatus:
    """The status that an error is answered with."""
    kind = error if isinstance(error, type) else type(error)
    return next(STATUSES[ancestor] for ancestor in kind.__mro__ if ancestor in STATUSES)
