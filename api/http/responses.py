"""Responses that several resources share: JSON, conditional responses (RFC 9110 section 13), files."""

from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Header, Request, Response
from starlette.datastructures import Headers
from starlette.responses import FileResponse
from starlette.types import Message, Receive, Scope, Send

from api.http.errors import RangeNotSatisfiable
from api.http.problems import answer_error
from core.errors import InvalidInput, TrainyardError

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
    return _Download(path, headers=headers, media_type=media_type)


class _Download(FileResponse):
    """File whose errors are problem documents, as all others are; Starlette answers a wrong Range with plain text."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, the parts in the Range header, or the error."""
        is_wrong = False

        async def send_on(message: Message) -> None:
            nonlocal is_wrong
            if message["type"] == "http.response.start" and message["status"] >= HTTPStatus.BAD_REQUEST:
                is_wrong = True
                request = Request(scope)
                error = _describe_range(request.headers.get("range", ""), message["status"])
                answer = answer_error(request, error)
                size = Headers(raw=message["headers"]).get("content-range")
                if size is not None:
                    answer.headers["Content-Range"] = size
                await answer(scope, receive, send)
            elif not is_wrong:
                await send(message)

        await super().__call__(scope, receive, send_on)


def _describe_range(came: str, status: int) -> TrainyardError:
    """Return the error for a Range header (RFC 9110 section 14)."""
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        detail = f"The file has no bytes in the range '{came[:80]}'. The header Content-Range has its size."
        return RangeNotSatisfiable.at("", detail, RangeNotSatisfiable.code)
    detail = f"The header Range is '{came[:80]}'; expected such as bytes=0-1023."
    return InvalidInput.at("", detail, "bad_range")


NO_SUCH_RANGE = _describe_range("bytes=9000-", HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
"""Example of the error for a range beyond the end of a file."""
