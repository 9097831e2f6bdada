"""Errors that only an HTTP interface has, beside the family in core/errors.py."""

from core.errors import Conflict, InvalidInput, NotFound, TrainyardError


class PreconditionFailed(Conflict):
    """The resource has changed since the client read it: If-Match names another ETag than it has."""

    code = "precondition_failed"


class CrossSiteRequest(TrainyardError):
    """A web page of another site made a browser send this."""

    code = "cross_site_request"


class UnknownDataset(NotFound):
    """No dataset that takes files has this name, or it has no such file."""

    code = "unknown_dataset"


class InvalidDatasetFile(InvalidInput):
    """A file that is not what its name says."""

    code = "invalid_dataset_file"
