"""ETags: answers that a client has already, and changes to what it knows (RFC 9110 section 13)."""

from typing import Annotated

from fastapi import Header, Response

IfNoneMatch = Annotated[
    str | None,
    Header(alias="If-None-Match", description="ETag of the answer you have; 304 if it is still the same."),
]


def is_unchanged(if_none_match: str | None, etag: str) -> bool:
    """Whether a client has this answer already (RFC 9110 section 13.1.2, weak comparison)."""
    if if_none_match is None:
        return False
    known = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in known or etag.removeprefix("W/") in known


def is_match(if_match: str, etag: str) -> bool:
    """Whether a client knows the present state (RFC 9110 section 13.1.1, strong comparison)."""
    known = [tag.strip() for tag in if_match.split(",")]
    return "*" in known or etag in known


def not_modified(etag: str) -> Response:
    """Tell a client that what it has is still the answer."""
    return Response(status_code=304, headers={"ETag": etag})
