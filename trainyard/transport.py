"""Sending one request until it is answered: retries, their limits, and errors as exceptions."""

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import IO, Any

import httpx

from trainyard.address import is_loopback
from trainyard.errors import ClientError, InvalidArgument, ServiceUnreachable, UnexpectedAnswer
from trainyard.pacing import retry_seconds
from trainyard.refusals import BUSY_STATUSES, read_refusal

CONNECT_SECONDS = 5.0
IN_FLIGHT_CODE = "idempotency_in_flight"

Parameters = Sequence[tuple[str, str]]
Content = Callable[[], Iterable[bytes]]


class Transport:
    """One connection pool to one service.

    A request is sent again after a broken connection or an answer that asks for it (429, 502, 503, 504). Nearly every
    request of this client may be: it reads, or carries an Idempotency-Key, or means the same the second time. One that
    may not is sent without patience.

    The API key goes to this service only: a redirect, which the service never answers with, is not followed.
    """

    def __init__(
        self, base_url: str, *, timeout_seconds: float, retry_limit_seconds: float, key: str | None = None
    ) -> None:
        self.base_url = base_url
        self._timeout_seconds = timeout_seconds
        self._retry_limit_seconds = retry_limit_seconds
        self._has_been_there = False
        try:
            self._http = httpx.Client(
                base_url=base_url,
                timeout=self._timeout(None),
                headers={} if key is None else {"Authorization": f"Bearer {key}"},
                follow_redirects=False,
                # A proxy from the environment can not reach this machine's own loopback address.
                trust_env=not is_loopback(base_url),
            )
        except httpx.InvalidURL as error:
            raise InvalidArgument(f"'{base_url}' is not the address of a service: {error}.") from error

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        parameters: Parameters = (),
        body: Any = None,
        content: Content | None = None,
        headers: Mapping[str, str] | None = None,
        patience_seconds: float | None = None,
        timeout_seconds: float | None = None,
    ) -> httpx.Response:
        """Send a request and return its answer of status 200 to 299.

        Args:
            method: `GET`, `POST`, `PUT` or `DELETE`.
            path: Path below the base URL, its parts already percent-encoded.
            parameters: Query parameters; a name may come more than once.
            body: Sent as JSON unless None.
            content: Called for each try, since a body read once can not be sent again; sent as raw bytes.
            headers: Further headers.
            patience_seconds: How long to keep trying. By default a first connection that is refused is told at once,
                because then most likely no service runs; one that worked before is taken to be restarting.
            timeout_seconds: Longest wait for the answer, where that may take longer than others.

        Raises:
            ServiceUnreachable: If nothing answered.
            RequestRefused: If the service answered with an error.
            UnexpectedAnswer: If something else than this service answered.
        """
        sent_headers = dict(headers or {})
        raw = None
        if body is not None:
            raw = json.dumps(body, separators=(",", ":")).encode()
            sent_headers["Content-Type"] = "application/json"
        started, num_failures, was_cut_off = time.monotonic(), 0, False
        while True:
            pause = 0.0
            failure: ClientError
            try:
                response = self._http.request(
                    method,
                    path,
                    params=list(parameters),
                    content=content() if content else raw,
                    headers=sent_headers,
                    timeout=self._timeout(timeout_seconds),
                )
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = ServiceUnreachable(
                    f"No Trainyard answers at {self.base_url} ({_reason(error)}); start one with `make up`."
                )
            except httpx.TransportError as error:
                # Something took the connection, so a service is there; whether it acted on the request is not known.
                self._has_been_there = was_cut_off = True
                failure = ServiceUnreachable(
                    f"{self.base_url} took the request but did not answer it ({_reason(error)})."
                )
            except httpx.RequestError as error:
                raise UnexpectedAnswer(f"The answer of {self.base_url} can not be read ({_reason(error)}).") from error
            else:
                self._has_been_there = True
                # A DELETE that was cut off may have done its work; finding nothing now is then what was asked for.
                is_gone = method == "DELETE" and was_cut_off and response.status_code == httpx.codes.NOT_FOUND
                if response.is_success or is_gone:
                    return response
                failure = self._read_failure(response)
                if response.status_code not in BUSY_STATUSES and failure.code != IN_FLIGHT_CODE:
                    raise failure
                pause = _retry_after_seconds(response)
            num_failures += 1
            pause = max(pause, retry_seconds(num_failures))
            if time.monotonic() - started + pause > self._limit_seconds(patience_seconds):
                raise failure
            time.sleep(pause)

    def download(
        self, path: str, file: IO[bytes], *, on_progress: Callable[[int], None] | None = None
    ) -> httpx.Headers:
        """Write what a GET answers to a file, a piece at a time; returns the answer's headers.

        Raises:
            ServiceUnreachable: If nothing answered, or the answer was cut off.
            RequestRefused: If the service answered with an error.
        """
        try:
            with self._http.stream("GET", path) as response:
                if not response.is_success:
                    response.read()
                    raise self._read_failure(response)
                for piece in response.iter_bytes():
                    file.write(piece)
                    if on_progress is not None:
                        on_progress(response.num_bytes_downloaded)
                return response.headers
        except httpx.RequestError as error:
            raise ServiceUnreachable(f"{self.base_url} did not answer to the end ({_reason(error)}).") from error

    def send_for_object(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """Like `send`, for an answer that is a JSON object."""
        return read_object(self.send(method, path, **options), self.base_url)

    def _timeout(self, seconds: float | None) -> httpx.Timeout:
        longest = self._timeout_seconds if seconds is None else max(seconds, self._timeout_seconds)
        return httpx.Timeout(longest, connect=min(CONNECT_SECONDS, longest))

    def _limit_seconds(self, patience_seconds: float | None) -> float:
        if patience_seconds is not None:
            return patience_seconds
        return self._retry_limit_seconds if self._has_been_there else 0.0

    def _read_failure(self, response: httpx.Response) -> ClientError:
        if response.is_error:
            return read_refusal(response)
        return UnexpectedAnswer(
            f"{self.base_url} answered {response.status_code} {response.reason_phrase}, which Trainyard never does. "
            "Check the address.",
            status=response.status_code,
        )


def read_object(response: httpx.Response, base_url: str) -> dict[str, Any]:
    """The JSON object an answer carries.

    Raises:
        UnexpectedAnswer: If it carries anything else.
    """
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise UnexpectedAnswer(
            f"{base_url} does not answer as Trainyard does: a JSON object was expected. Check the address.",
            status=response.status_code,
        )
    return body


def _retry_after_seconds(response: httpx.Response) -> float:
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isdecimal() else 0.0


def _reason(error: Exception) -> str:
    text = re.sub(r"^\[Errno -?\d+\] ", "", str(error)).rstrip(".")
    return text or type(error).__name__
