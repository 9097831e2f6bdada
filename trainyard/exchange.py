"""One request until it is answered: what is sent, when it is sent again, which error is raised. Sends nothing itself.

`Transport` and `AsyncTransport` carry out what is decided here.
"""

import json
import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import httpx

from trainyard.connection import is_loopback
from trainyard.errors import (
    BUSY_STATUSES,
    InvalidArgument,
    ServiceUnavailable,
    TrainyardError,
    UnexpectedAnswer,
    read_error,
)
from trainyard.operation import Answer, Operation

CONNECT_SECONDS = 5.0
FIRST_RETRY_SECONDS = 0.05
LONGEST_RETRY_SECONDS = 2.0
IN_FLIGHT_CODE = "idempotency_in_flight"

T = TypeVar("T")


def retry_seconds(num_failures: int) -> float:
    """Return the pause after this many failures in a row, counted from 1: 0.05 s, doubling up to 2 s."""
    # The exponent is capped because a float cannot hold 2 to the power of every count.
    return min(FIRST_RETRY_SECONDS * 2.0 ** min(num_failures - 1, 16), LONGEST_RETRY_SECONDS)


@dataclass(slots=True)
class Service:
    """The service that requests go to.

    Attributes:
        base_url: Its address.
        api_key: Sent to it and nowhere else: a redirect, which it never answers with, is not followed.
        timeout: Seconds that one answer may take.
        retry_timeout: Seconds for which a request is sent again.
        has_answered: Whether anything took a connection there. One that did and is away is taken to be restarting.
    """

    base_url: str
    api_key: str | None = field(repr=False)
    timeout: float
    retry_timeout: float
    has_answered: bool = False

    def client_options(self) -> dict[str, Any]:
        """Return the arguments of the httpx client that speaks to it."""
        return {
            "base_url": self.base_url,
            "timeout": self.limit_one_try(None, None),
            "headers": {} if self.api_key is None else {"Authorization": f"Bearer {self.api_key}"},
            "follow_redirects": False,
            # A proxy from the environment cannot reach this machine's own loopback address.
            "trust_env": not is_loopback(self.base_url),
        }

    def limit_one_try(self, longer: float | None, within: float | None) -> httpx.Timeout:
        """Return the time for one try: the client's, or a longer one, but no more than `within`."""
        seconds = max(self.timeout, longer or 0.0)
        if within is not None:
            seconds = min(seconds, within)
        return httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))

    def stream_options(
        self, path: str, parameters: Sequence[tuple[str, str]], headers: Mapping[str, str], silence_seconds: float
    ) -> dict[str, Any]:
        """Return the arguments of httpx's `stream` for a stream of lines."""
        return {
            "method": "GET",
            "url": path,
            "params": list(parameters),
            "headers": {"Accept": "text/event-stream", **headers},
            "timeout": httpx.Timeout(silence_seconds, connect=CONNECT_SECONDS),
        }

    def read_failure(self, response: httpx.Response) -> TrainyardError:
        """Return the error that an answer of a status other than 200 to 299 stands for."""
        if response.is_error:
            return read_error(response)
        return UnexpectedAnswer(
            f"{self.base_url} answered {response.status_code} {response.reason_phrase}, which Trainyard never does. "
            "Check the address.",
            status=response.status_code,
        )

    def read_interruption(self, error: httpx.RequestError) -> ServiceUnavailable:
        """Return the error for an answer that was cut off."""
        return ServiceUnavailable(f"{self.base_url} did not answer to the end ({_reason(error)}).")


class Exchange(Generic[T]):
    """The tries of one request.

    It is sent again after a broken connection or an answer that asks for it (429, 502, 503, 504).

    Args:
        service: Where it goes.
        operation: Operation to send.
        retry_timeout: Seconds for which it is sent again. By default a first connection that is refused is an error at
            once, because then most likely no service runs; one that worked before is tried again for a while.
        within: Most seconds for each try, None for the usual.
    """

    def __init__(
        self, service: Service, operation: Operation[T], *, retry_timeout: float | None, within: float | None
    ) -> None:
        self._service = service
        self._operation = operation
        self._retry_timeout = retry_timeout
        self._within = within
        self._started = time.monotonic()
        self._num_failures = 0
        self._was_cut_off = False

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of httpx's `request` for the next try, all but an upload's bytes."""
        operation = self._operation
        headers = dict(operation.headers)
        arguments: dict[str, Any] = {
            "method": operation.method,
            "url": operation.path,
            "params": list(operation.parameters),
            "headers": headers,
            "timeout": self._service.limit_one_try(operation.timeout, self._within),
        }
        if operation.upload is not None:
            headers["Content-Type"] = operation.upload.media_type
            headers["Content-Length"] = str(operation.upload.num_bytes)
        elif operation.body is not None:
            headers["Content-Type"] = "application/json"
            arguments["content"] = json.dumps(operation.body, separators=(",", ":"), default=_to_plain).encode()
        return arguments

    def settle(self, outcome: httpx.Response | httpx.RequestError) -> Answer | float:
        """Return the answer, or the seconds to pause before the next try.

        Raises:
            ServiceUnavailable: If nothing answered, or the service asked to come back later than is waited.
            RequestRejected: If the service answered with an error.
            UnexpectedAnswer: If something else than this service answered.
        """
        if isinstance(outcome, httpx.RequestError):
            failure, pause = self._settle_error(outcome), 0.0
        else:
            self._service.has_answered = True
            if outcome.is_success or self._is_deleted(outcome):
                return Answer(outcome, self._service.base_url)
            failure = self._service.read_failure(outcome)
            if outcome.status_code not in BUSY_STATUSES and failure.code != IN_FLIGHT_CODE:
                raise failure
            if outcome.status_code == httpx.codes.TOO_MANY_REQUESTS and "Retry-After" not in outcome.headers:
                # A quota that no time frees, such as that of disk space.
                raise failure
            pause = _retry_after_seconds(outcome)
        self._num_failures += 1
        pause = max(pause, retry_seconds(self._num_failures))
        if time.monotonic() - self._started + pause > self._limit_seconds():
            raise failure from (outcome if isinstance(outcome, Exception) else None)
        return pause

    def _settle_error(self, error: httpx.RequestError) -> TrainyardError:
        url = self._service.base_url
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return ServiceUnavailable(f"No Trainyard answers at {url} ({_reason(error)}); start one with `make up`.")
        if isinstance(error, httpx.TransportError):
            # Something took the connection, so a service is there; whether it acted on the request is not known.
            self._service.has_answered = self._was_cut_off = True
            return ServiceUnavailable(f"{url} took the request but did not answer it ({_reason(error)}).")
        raise UnexpectedAnswer(f"The answer of {url} cannot be read ({_reason(error)}).") from error

    def _is_deleted(self, response: httpx.Response) -> bool:
        # A DELETE that was cut off may have done its work; finding nothing now is then what was asked for.
        is_missing = response.status_code == httpx.codes.NOT_FOUND
        return self._operation.method == "DELETE" and self._was_cut_off and is_missing

    def _limit_seconds(self) -> float:
        if not self._operation.is_repeatable:
            return 0.0
        if self._retry_timeout is not None:
            return self._retry_timeout
        return self._service.retry_timeout if self._service.has_answered else 0.0


def _to_plain(value: Any) -> Any:
    """Return arrays and scalars of NumPy, Keras and the like as lists and numbers, without importing any of them."""
    to_list = getattr(value, "tolist", None)
    if to_list is None:
        raise InvalidArgument(
            f"A {type(value).__name__} cannot be sent. Send numbers, strings, lists and dicts of them."
        )
    return to_list()


def _retry_after_seconds(response: httpx.Response) -> float:
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isdecimal() else 0.0


def _reason(error: Exception) -> str:
    # Of a connection that failed asyncio says that all attempts did; the operating system's reason lies below.
    cause: BaseException = error
    while below := cause.__cause__ or cause.__context__:
        cause = below
    if isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    if isinstance(cause, ConnectionError) and cause.errno:
        return os.strerror(cause.errno)
    text = re.sub(r"^\[Errno -?\d+\] ", "", str(error)).rstrip(".")
    return text or type(error).__name__
