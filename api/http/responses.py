"""Responses that several resources give: JSON, what a client has already (RFC 9110 section 13), files."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Header, Response
from starlette.responses import FileResponse

NOT_SNIFFED = {"X-Content-Type-Options": "nosniff"}
"""A browser takes the body for what its Content-Type says, and nothing else."""


IfNoneMatch = Annotated[
    str | None,
    Header(alias="If-None-Match", description="ETag of the answer you have; 304 if it is still the same."),
]


def is_unchanged(if_none_match: str | None, etag: str) -> bool:
    """Return whether a client has this answer already (RFC 9110 section 13.1.2, weak comparison)."""
    if if_none_match is None:
        return False
    known = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in known or etag.removeprefix("W/") in known


def is_match(if_match: str, etag: str) -> bool:
    """Return whether a client knows the present state (RFC 9110 section 13.1.1, strong comparison)."""
    known = [tag.strip() for tag in if_match.split(",")]
    return "*" in known or etag in known


def not_modified(etag: str) -> Response:
    """Tell a client that what it has is still the answer."""
    return Response(status_code=304, headers={"ETag": etag})


def json_answer(model: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Answer with one of our models, for routes that also set headers."""
    return Response(model.model_dump_json(), status_code=status, headers=headers or {}, media_type="application/json")


def content_etag(sha256: str) -> str:
    """Return the ETag of stored bytes: a strong one, for they never change."""
    return f'"{sha256}"'


def file_answer(path: Path, name: str, etag: str, media_type: str) -> Response:
    """Answer with a stored file, to be saved under a name; parts of it where a Range header asks for them."""
    headers = {
        "ETag": etag,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        **NOT_SNIFFED,
    }
    return FileResponse(path, headers=headers, media_type=media_type)
