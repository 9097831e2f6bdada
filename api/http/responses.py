"""Responses that several resources share: JSON, conditional responses (RFC 9110 section 13), files."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Header, Response
from starlette.responses import FileResponse

NOT_SNIFFED = {"X-Content-Type-Options": "nosniff"}
"""Makes browsers treat the body as its Content-Type, and nothing else."""


IfNoneMatch = Annotated[
    str | None,
    Header(alias="If-None-Match", description="ETag of a previous response; 304 if nothing has changed."),
]


def is_unchanged(if_none_match: str | None, etag: str) -> bool:
    """Return True if If-None-Match contains the ETag (RFC 9110 section 13.1.2, weak comparison)."""
    if if_none_match is None:
        return False
    known = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in known or etag.removeprefix("W/") in known


def is_match(if_match: str, etag: str) -> bool:
    """Return True if If-Match contains the ETag (RFC 9110 section 13.1.1, strong comparison)."""
    known = [tag.strip() for tag in if_match.split(",")]
    return "*" in known or etag in known


def not_modified(etag: str) -> Response:
    """Return a 304 response."""
    return Response(status_code=304, headers={"ETag": etag})


def json_answer(model: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a model as JSON, for routes that also set headers."""
    return Response(model.model_dump_json(), status_code=status, headers=headers or {}, media_type="application/json")


def content_etag(sha256: str) -> str:
    """Return the ETag of stored bytes: a strong one, because they never change."""
    return f'"{sha256}"'


def file_answer(path: Path, name: str, etag: str, media_type: str) -> Response:
    """Return a stored file as a download with a name; parts of it if there is a Range header."""
    headers = {
        "ETag": etag,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        **NOT_SNIFFED,
    }
    return FileResponse(path, headers=headers, media_type=media_type)
