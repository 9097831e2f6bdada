"""Sending of operations over HTTP: `Transport` blocks, `AsyncTransport` awaits; `exchange.py` has the decisions."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import httpx

from trainyard.connection import find_api_key, find_base_url
from trainyard.errors import InvalidArgument
from trainyard.exchange import Exchange, Service
from trainyard.operation import Answer, Operation, Page
from trainyard.uploads import OnProgress, Upload

T = TypeVar("T")
HttpClient = TypeVar("HttpClient", httpx.Client, httpx.AsyncClient)
PageOperation = Callable[[str | None], Operation[Page[T]]]
"""Makes the operation that fetches the page at a cursor, the first page for None."""


Lines = TypeVar("Lines", bound=Iterator[str] | AsyncIterator[str])


@dataclass(frozen=True, slots=True)
class EventLines(Generic[Lines]):
    """Lines of an answer, as they come."""

    status: int
    media_type: str
    lines: Lines


class _BaseTransport(Generic[HttpClient]):
    """One connection pool to one service."""

    def __init__(
        self,
        kind: type[HttpClient],
        base_url: str | None,
        api_key: str | None,
        timeout: float,
        retry_timeout: float,
    ) -> None:
        self._service = Service(find_base_url(base_url), find_api_key(api_key), timeout, retry_timeout)
        try:
            self._http: HttpClient = kind(**self._service.client_options())
        except httpx.InvalidURL as error:
            raise InvalidArgument(f"'{self.base_url}' is not the address of a service: {error}.") from error

    @property
    def base_url(self) -> str:
        """Address of the service, without a slash at its end."""
        return self._service.base_url


class Transport(_BaseTransport[httpx.Client]):
    """Sends operations and blocks until they are answered; safe to use from several threads.

    Args:
        base_url: As for `Client`, as are the others.
        api_key: Sent with every request.
        timeout: Seconds that one answer may take.
        retry_timeout: Seconds for which a request is sent again.
    """

    def __init__(self, base_url: str | None, *, api_key: str | None, timeout: float, retry_timeout: float) -> None:
        super().__init__(httpx.Client, base_url, api_key, timeout, retry_timeout)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def send(self, operation: Operation[T], *, retry_timeout: float | None = None, within: float | None = None) -> T:
        """Send a request until it is answered and return what its answer says; see `Exchange` for the arguments."""
        exchange = Exchange(self._service, operation, retry_timeout=retry_timeout, within=within)
        while True:
            arguments = exchange.arguments()
            if operation.upload is not None:
                arguments["content"] = _stream(operation.upload)
            outcome: httpx.Response | httpx.RequestError
            try:
                outcome = self._http.request(**arguments)
            except httpx.RequestError as error:
                outcome = error
            settled = exchange.settle(outcome)
            if isinstance(settled, Answer):
                return operation.read(settled)
            time.sleep(settled)

    def list(self, page_operation: PageOperation[T]) -> Iterator[T]:
        """Yield the items of a list, a page at a time as they are asked for."""
        cursor: str | None = None
        while True:
            page = self.send(page_operation(cursor))
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def download(
        self, path: str, write: Callable[[bytes], None], on_progress: OnProgress | None = None
    ) -> Mapping[str, str]:
        """Pass on what a GET answers, a piece at a time, and return the answer's headers.

        Raises:
            ServiceUnavailable: If nothing answered, or the answer was cut off.
            RequestRejected: If the service answered with an error.
        """
        try:
            with self._http.stream("GET", path) as response:
                if not response.is_success:
                    response.read()
                    raise self._service.read_failure(response)
                for piece in response.iter_bytes():
                    write(piece)
                    if on_progress is not None:
                        on_progress(response.num_bytes_downloaded)
                return response.headers
        except httpx.RequestError as error:
            raise self._service.read_interruption(error) from error

    @contextmanager
    def stream(
        self, path: str, parameters: Sequence[tuple[str, str]], headers: Mapping[str, str], silence_seconds: float
    ) -> Iterator[EventLines[Iterator[str]]]:
        """Open a stream of lines, which ends at the end of the block.

        Args:
            path: Path below the base URL.
            parameters: Query.
            headers: Further headers.
            silence_seconds: Longest time between two lines.

        Raises:
            ServiceUnavailable: If nothing answered, or the stream was cut off.
            RequestRejected: If the service answered with an error.
        """
        options = self._service.stream_options(path, parameters, headers, silence_seconds)
        try:
            with self._http.stream(**options) as response:
                if not response.is_success:
                    response.read()
                    raise self._service.read_failure(response)
                yield EventLines(response.status_code, read_media_type(response), response.iter_lines())
        except httpx.RequestError as error:
            raise self._service.read_interruption(error) from error


class AsyncTransport(_BaseTransport[httpx.AsyncClient]):
    """`Transport` for asyncio: the same methods as coroutines. Files are read and written in threads."""

    def __init__(self, base_url: str | None, *, api_key: str | None, timeout: float, retry_timeout: float) -> None:
        super().__init__(httpx.AsyncClient, base_url, api_key, timeout, retry_timeout)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send(
        self, operation: Operation[T], *, retry_timeout: float | None = None, within: float | None = None
    ) -> T:
        """Send a request until it is answered and return what its answer says; see `Exchange` for the arguments."""
        exchange = Exchange(self._service, operation, retry_timeout=retry_timeout, within=within)
        while True:
            arguments = exchange.arguments()
            if operation.upload is not None:
                arguments["content"] = _stream_async(operation.upload)
            outcome: httpx.Response | httpx.RequestError
            try:
                outcome = await self._http.request(**arguments)
            except httpx.RequestError as error:
                outcome = error
            settled = exchange.settle(outcome)
            if isinstance(settled, Answer):
                return operation.read(settled)
            await asyncio.sleep(settled)

    async def list(self, page_operation: PageOperation[T]) -> AsyncIterator[T]:
        """Yield the items of a list, a page at a time as they are asked for."""
        cursor: str | None = None
        while True:
            page = await self.send(page_operation(cursor))
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def download(
        self, path: str, write: Callable[[bytes], None], on_progress: OnProgress | None = None
    ) -> Mapping[str, str]:
        """Pass on what a GET answers, a piece at a time, and return the answer's headers; see `Transport`."""
        try:
            async with self._http.stream("GET", path) as response:
                if not response.is_success:
                    await response.aread()
                    raise self._service.read_failure(response)
                async for piece in response.aiter_bytes():
                    await asyncio.to_thread(write, piece)
                    if on_progress is not None:
                        on_progress(response.num_bytes_downloaded)
                return response.headers
        except httpx.RequestError as error:
            raise self._service.read_interruption(error) from error

    @asynccontextmanager
    async def stream(
        self, path: str, parameters: Sequence[tuple[str, str]], headers: Mapping[str, str], silence_seconds: float
    ) -> AsyncIterator[EventLines[AsyncIterator[str]]]:
        """Open a stream of lines, which ends at the end of the block; see `Transport`."""
        options = self._service.stream_options(path, parameters, headers, silence_seconds)
        try:
            async with self._http.stream(**options) as response:
                if not response.is_success:
                    await response.aread()
                    raise self._service.read_failure(response)
                yield EventLines(response.status_code, read_media_type(response), response.aiter_lines())
        except httpx.RequestError as error:
            raise self._service.read_interruption(error) from error


def read_media_type(response: httpx.Response) -> str:
    """Return the media type of an answer, without its parameters."""
    return str(response.headers.get("Content-Type", "")).partition(";")[0].strip()


def _stream(upload: Upload) -> Iterator[bytes]:
    num_sent = 0
    upload.report(num_sent)
    for chunk in upload.chunks():
        yield chunk
        num_sent += len(chunk)
        upload.report(num_sent)


async def _stream_async(upload: Upload) -> AsyncIterator[bytes]:
    num_sent = 0
    upload.report(num_sent)
    chunks = upload.chunks()
    while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
        yield chunk
        num_sent += len(chunk)
        upload.report(num_sent)
