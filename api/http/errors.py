"""Errors that concern only HTTP, besides those in core/errors.py, and the status of each class."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from core import errors
from core.api_keys import Scope
from core.errors import Conflict, InvalidInput, Problem, TrainyardError


class InternalError(TrainyardError):
    """Unexpected error: a mistake of the service, which its log describes."""

    code = "internal_error"


class InvalidParameter(TrainyardError):
    """Parameter of the path, the query or the headers that is unknown or has a wrong value."""

    code = "invalid_parameter"


class PreconditionFailed(Conflict):
    """If-Match has another ETag than the resource, which has changed since the client read it."""

    code = "precondition_failed"


class PreconditionRequired(TrainyardError):
    """Change that would overwrite what its sender may not have seen, without If-Match (RFC 6585 section 3)."""

    code = "precondition_required"


class RangeNotSatisfiable(InvalidInput):
    """Range header with a range that the file does not have (RFC 9110 section 15.5.17)."""

    code = "range_not_satisfiable"


class CrossSiteRequest(TrainyardError):
    """Request from a page of another site."""

    code = "cross_site_request"


class BodyTooSlow(InvalidInput):
    """Request body that does not arrive, or a byte at a time."""

    code = "body_too_slow"


class UnsupportedEncoding(InvalidInput):
    """Request body with a Content-Encoding that is not accepted (RFC 9110 section 15.5.16)."""

    code = "unsupported_encoding"

    accepted = "gzip, deflate"
    """Value of the Accept-Encoding header of the response (RFC 9110 section 12.5.3)."""


class BrokenEncoding(InvalidInput):
    """Encoded request body that is damaged or cut off."""

    code = "broken_encoding"


class MisdirectedRequest(TrainyardError):
    """Host header with the name of another service (RFC 9110 section 15.5.20)."""

    code = "misdirected_request"


class RejectedDataset(InvalidInput):
    """Upload that is not valid training data.

    Attributes:
        code: Stable error code for programs.
    """

    code = "refused_dataset"

    def __init__(self, detail: str, code: str) -> None:
        super().__init__(detail, [Problem("", detail, code)])
        self.code = code


class RejectedNetwork(InvalidInput):
    """Uploaded network that cannot be served.

    Attributes:
        code: Stable error code for programs.
    """

    code = "rejected_network"

    def __init__(self, detail: str, code: str) -> None:
        super().__init__(detail, [Problem("", detail, code)])
        self.code = code


class DiskFull(TrainyardError):
    """Upload that does not fit on the disk (RFC 4918 section 11.5)."""

    code = "disk_full"


class KeyRejected(TrainyardError):
    """Request without a valid key.

    Attributes:
        challenge: Value of the WWW-Authenticate header (RFC 9110 section 11.6.1, RFC 6750 section 3).
    """

    code = "key_refused"
    challenge = 'Bearer realm="trainyard"'


class UnknownCredential(KeyRejected):
    """Key that is not valid."""

    code = "unknown_credential"
    challenge = 'Bearer realm="trainyard", error="invalid_token"'


class InsufficientScope(KeyRejected):
    """Valid key without the required scope."""

    code = "insufficient_scope"

    def __init__(self, needed: Scope, held: Sequence[Scope]) -> None:
        """Create the error.

        Args:
            needed: Scope that the route requires.
            held: Scopes of the key.
        """
        super().__init__(
            f"This request needs a key with the scope {needed}; yours has {', '.join(held)}. "
            "Ask an administrator for such a key: trainyard keys create."
        )
        self.challenge = f'Bearer realm="trainyard", error="insufficient_scope", scope="{needed}"'


STATUSES: Mapping[type[TrainyardError], HTTPStatus] = {
    TrainyardError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.InvalidInput: HTTPStatus.BAD_REQUEST,
    errors.InvalidBatchPrediction: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.InvalidChange: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.InvalidSpec: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.IdempotencyMismatch: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.DatasetMissing: HTTPStatus.CONFLICT,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.DeadlineExceeded: HTTPStatus.GATEWAY_TIMEOUT,
    InvalidParameter: HTTPStatus.UNPROCESSABLE_ENTITY,
    RejectedDataset: HTTPStatus.UNPROCESSABLE_ENTITY,
    RejectedNetwork: HTTPStatus.UNPROCESSABLE_ENTITY,
    DiskFull: HTTPStatus.INSUFFICIENT_STORAGE,
    PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    PreconditionRequired: HTTPStatus.PRECONDITION_REQUIRED,
    RangeNotSatisfiable: HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    CrossSiteRequest: HTTPStatus.FORBIDDEN,
    BodyTooSlow: HTTPStatus.REQUEST_TIMEOUT,
    UnsupportedEncoding: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    MisdirectedRequest: HTTPStatus.MISDIRECTED_REQUEST,
    KeyRejected: HTTPStatus.UNAUTHORIZED,
    InsufficientScope: HTTPStatus.FORBIDDEN,
}
"""Status of each class of errors; other classes have that of their nearest base class."""


def status_of(error: TrainyardError | type[TrainyardError]) -> HTTPStatus:
    """Return the HTTP status of an error."""
    kind = error if isinstance(error, type) else type(error)
    return next(STATUSES[ancestor] for ancestor in kind.__mro__ if ancestor in STATUSES)
