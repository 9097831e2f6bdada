"""Error responses: problem documents (RFC 9457), and TensorFlow Serving's form for predictions."""

import json
import logging
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, cast

import anyio
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.http.bodies import is_body_read
from api.http.errors import (
    BodyTooSlow,
    InternalError,
    InvalidParameter,
    KeyRejected,
    UnsupportedEncoding,
    status_of,
)
from api.http.methods import find_allowed_methods
from core import errors
from core.errors import Problem, TrainyardError

logger = logging.getLogger(__name__)

PREDICTION_PREFIXES = ("/v1/models/", "/v2/")

PROBLEM_VERBS = (":batchPredict", ":explain")
"""Verbs of models whose routes are not of a prediction protocol, and have the service's own form of errors."""

PROBLEM_MEDIA_TYPE = "application/problem+json"

RETRY_AFTER_SECONDS = 2

REFUSED_QUOTA = "trainyard.refused_quota"
"""Key of the name of the quota that a request exceeded, in its ASGI scope."""


def build_problem(
    status: int,
    detail: str,
    code: str,
    problems: tuple[Problem, ...] = (),
    instance: str | None = None,
) -> dict[str, Any]:
    """Return the body of an error response (RFC 9457 section 3), with `code` and `errors` as extensions."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "detail": detail,
        "code": code,
        "errors": [
            {"pointer": problem.pointer, "detail": problem.detail, "code": problem.code} for problem in problems
        ],
    }
    if instance is not None:
        body["instance"] = instance
    return body


def is_prediction(path: str) -> bool:
    """Return True if a path belongs to the prediction routes, which follow TensorFlow Serving, KServe and Triton."""
    return f"{path}/".startswith(PREDICTION_PREFIXES) and not path.endswith(PROBLEM_VERBS)


def install_error_handlers(app: FastAPI) -> None:
    """Install handlers for all errors of the project and of the framework."""
    app.add_exception_handler(TrainyardError, _answer_trainyard_error)
    app.add_exception_handler(RequestValidationError, _answer_invalid_parameters)
    app.add_exception_handler(HTTPException, _answer_http_exception)


def answer_error(request: Request, error: TrainyardError) -> Response:
    """Return the response to an error of the project."""
    status = status_of(error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("%s %r: %s: %s", request.method, request.scope["path"], error.code, error.detail)
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    if isinstance(error, errors.QuotaExceeded):
        request.scope[REFUSED_QUOTA] = error.quota
        if error.retry_after_seconds is not None:
            headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, KeyRejected):
        headers["WWW-Authenticate"] = error.challenge
    if isinstance(error, UnsupportedEncoding):
        headers["Accept-Encoding"] = error.accepted
    is_read = isinstance(error, errors.BodyTooLarge) and is_body_read(request)
    is_unread = isinstance(error, errors.BodyTooLarge | BodyTooSlow | UnsupportedEncoding) and not is_read
    kind = RejectedBodyResponse if is_unread else Response
    quota = _describe_quota(error) if isinstance(error, errors.QuotaExceeded) else None
    return _answer(request, status, error.detail, error.code, error.problems, headers, kind=kind, quota=quota)


def answer_unexpected(request: Request, error: Exception) -> Response:
    """Return the response to an unexpected error, which is logged under an id and not disclosed."""
    occurrence = uuid.uuid4()
    logger.error(
        "%s %r failed unexpectedly; the response contains the id %s.",
        request.method,
        request.scope["path"],
        occurrence,
        exc_info=error,
    )
    detail = f"The service failed unexpectedly. Its log has the details under the id {occurrence}."
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return _answer(request, status, detail, InternalError.code, instance=f"urn:uuid:{occurrence}")


def answer_any(request: Request, error: Exception) -> Response:
    """Return the response to any error."""
    return answer_error(request, error) if isinstance(error, TrainyardError) else answer_unexpected(request, error)


def _describe_quota(error: errors.QuotaExceeded) -> dict[str, Any]:
    return {"name": error.quota, "limit": error.limit, "used": error.used}


async def _answer_trainyard_error(request: Request, error: Exception) -> Response:
    # Starlette calls each handler only with errors that it was registered for.
    return answer_error(request, cast("TrainyardError", error))


async def _answer_invalid_parameters(request: Request, error: Exception) -> Response:
    """Answer invalid parameters of the path, the query or the headers; bodies are parsed in api/http/bodies.py."""
    problems = tuple(_describe_parameter(entry) for entry in cast("RequestValidationError", error).errors())
    detail = " ".join(problem.detail for problem in problems)
    return _answer(request, status_of(InvalidParameter), detail, InvalidParameter.code, problems)


def _describe_parameter(entry: Mapping[str, Any]) -> Problem:
    place, name = [*map(str, entry["loc"]), "", ""][:2]
    if entry["type"] == "unknown_field":
        context = entry["ctx"]
        hint = errors.nearest(context["field"][:80], context["known"])
        return Problem("", f"There is no {place} parameter '{context['field'][:80]}' here.{hint}", "unknown_parameter")
    expected = str(entry["msg"]).removesuffix(".").replace("Input should be", "expected")
    came = "nothing" if entry["type"] == "missing" else repr(entry["input"])[:60]
    detail = f"The {place} parameter '{name}': {came} came; {expected[0].lower()}{expected[1:]}."
    return Problem("", detail, str(entry["type"]))


async def _answer_http_exception(request: Request, error: Exception) -> Response:
    """Answer errors of the router: a path that does not exist, or a method that it does not support."""
    raised = cast("HTTPException", error)
    path = request.scope["path"]
    headers = dict(raised.headers or {})
    match raised.status_code:
        case HTTPStatus.NOT_FOUND:
            detail, code = f"The path {path} does not exist. GET /openapi.json lists all paths.", "unknown_path"
        case HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = find_allowed_methods(request)
            headers["Allow"] = allowed
            if request.method == "OPTIONS":
                # No route declares OPTIONS: all answer it alike (RFC 9110 section 9.3.7).
                return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Allow": allowed})
            detail, code = f"{path} does not support {request.method}; use {allowed}.", "method_not_allowed"
        case _:
            detail, code = str(raised.detail), "http_error"
    return _answer(request, raised.status_code, detail, code, headers=headers)


def _answer(
    request: Request,
    status: int,
    detail: str,
    code: str,
    problems: tuple[Problem, ...] = (),
    headers: Mapping[str, str] | None = None,
    *,
    instance: str | None = None,
    kind: type[Response] = Response,
    quota: dict[str, Any] | None = None,
) -> Response:
    if is_prediction(request.scope["path"]):
        body: dict[str, Any] = {"error": detail}
        media_type = "application/json"
    else:
        body = build_problem(status, detail, code, problems, instance)
        if quota is not None:
            body["quota"] = quota
        media_type = PROBLEM_MEDIA_TYPE
    # Non-ASCII is escaped, so that half of a surrogate pair from a request can be encoded.
    content = json.dumps(body, separators=(",", ":")).encode()
    return kind(content, status_code=int(status), headers=dict(headers or {}), media_type=media_type)


LINGER_SECONDS = 10.0
"""Time during which the rest of a rejected body is read and discarded."""


class RejectedBodyResponse(Response):
    """Response that is sent before the request body has been received, and closes the connection.

    Closing at once would reset the connection of a client that is still sending, and the response would be lost. So
    the rest is read and discarded for a while (RFC 9112 section 9.6).
    """

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response, let the client finish, and close the connection."""
        self.headers["Connection"] = "close"
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        with anyio.move_on_after(LINGER_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    break
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        if self.background is not None:
            await self.background()
