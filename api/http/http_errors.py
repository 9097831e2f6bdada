"""Errors that only an HTTP interface has, beside the family in core/errors.py."""

from collections.abc import Sequence

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


class InvalidDatasetFile(InvalidInput):
    """A file that is not what its name says."""

    code = "invalid_dataset_file"


class RefusedDataset(InvalidInput):
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


class KeyRefused(TrainyardError):
    """A request without a key that lets it pass.

    Attributes:
        challenge: Value of the WWW-Authenticate header (RFC 9110 section 11.6.1, RFC 6750 section 3).
    """

    code = "key_refused"
    challenge = 'Bearer realm="trainyard"'


class UnknownCredential(KeyRefused):
    """What came for a key is not one that opens anything."""

    code = "unknown_credential"
    challenge = 'Bearer realm="trainyard", error="invalid_token"'


class InsufficientScope(KeyRefused):
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
