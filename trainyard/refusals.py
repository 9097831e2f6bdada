"""From an error answer of the service to the error a program catches."""

from typing import TYPE_CHECKING, Any

from trainyard.errors import (
    ClientError,
    Conflict,
    InvalidRequest,
    KeyRefused,
    NotFound,
    Problem,
    RequestRefused,
    ServiceBusy,
)

if TYPE_CHECKING:
    import httpx

WHAT_TO_DO = {
    401: " Set TRAINYARD_KEY to an API key of this service.",
    403: " Ask for an API key that may do this, and set TRAINYARD_KEY to it.",
}
"""Said where whatever refused a request, such as a proxy, does not say it."""

BUSY_STATUSES = frozenset({429, 502, 503, 504})

_KINDS: dict[int, type[RequestRefused]] = {
    400: InvalidRequest,
    401: KeyRefused,
    403: KeyRefused,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    413: InvalidRequest,
    415: InvalidRequest,
    422: InvalidRequest,
} | dict.fromkeys(BUSY_STATUSES, ServiceBusy)


def read_refusal(response: "httpx.Response") -> ClientError:
    """The error that an answer with a status of 400 or more stands for.

    Understands problem+json (RFC 9457) and the `{"error": "..."}` of the prediction routes. Anything else, such as a
    proxy's HTML page, becomes an error that carries the status and its phrase.
    """
    kind = _KINDS.get(response.status_code, RequestRefused)
    body = _json_object(response)
    detail = body.get("detail") or body.get("error") or body.get("title")
    if not isinstance(detail, str):
        what_to_do = WHAT_TO_DO.get(response.status_code, "")
        detail = f"The service answered {response.status_code} {response.reason_phrase}.{what_to_do}"
    code = body.get("code")
    return kind(
        detail,
        status=response.status_code,
        code=code if isinstance(code, str) else "",
        problems=_read_problems(body.get("errors")),
    )


def _json_object(response: "httpx.Response") -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _read_problems(entries: Any) -> tuple[Problem, ...]:
    if not isinstance(entries, list):
        return ()
    return tuple(
        Problem(
            pointer=str(entry.get("pointer", "")), detail=str(entry.get("detail", "")), code=str(entry.get("code", ""))
        )
        for entry in entries
        if isinstance(entry, dict)
    )
