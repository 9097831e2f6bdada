"""Objects in a bucket of an S3-compatible service, below a prefix.

obstore does the requests, with multipart uploads and retries (https://developmentseed.org/obstore). It is imported only
where a bucket is opened.
"""

import hashlib
import re
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from core.artifacts import CHUNK_BYTES
from core.errors import StorageRefused, StorageUnavailable

if TYPE_CHECKING:
    from obstore.store import BackoffConfig, ClientConfig, RetryConfig, S3Config

    Connection = tuple[ClientConfig, RetryConfig]

PART_BYTES = 16 * 1024 * 1024
"""Size of the parts of uploads and downloads. S3 takes 10,000 parts, and so files of 160 GB."""
PARTS_AT_ONCE = 4
CLOCK = "clock"
"""An object that is written to learn the time of the service."""

BACKOFF: "BackoffConfig" = {
    "init_backoff": timedelta(milliseconds=100),
    "max_backoff": timedelta(seconds=3),
    "base": 2,
}
LOOKING: "Connection" = (
    {"timeout": timedelta(seconds=5), "connect_timeout": timedelta(seconds=3)},
    {"max_retries": 3, "retry_timeout": timedelta(seconds=5), "backoff": BACKOFF},
)
"""Timeouts and repetitions of requests that others wait for, such as those within a transaction. What is repeated is a
request that the service did not answer, or with a status of 5xx or 429."""
CARRYING: "Connection" = (
    {"timeout": timedelta(seconds=60), "connect_timeout": timedelta(seconds=5)},
    {"max_retries": 20, "retry_timeout": timedelta(seconds=15), "backoff": BACKOFF},
)
"""Those of requests with a part of a file."""

REFUSAL = re.compile(r"status code: 4(?!08|29)\d\d")
"""A status that another try does not change, in an error of obstore; 408 and 429 ask for one."""

MANY_KEYS = 1000
"""Most keys in a request of DeleteObjects."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What the service says of an object; `key` is without the prefix."""

    key: str
    num_bytes: int
    stored_at: datetime


class Bucket:
    """The objects below a prefix of a bucket.

    Region and credentials come from the usual variables (`AWS_REGION`, `AWS_ACCESS_KEY_ID`, …), or from the role of the
    machine. Every method raises StorageUnavailable if the service does not answer, or refuses.

    Args:
        url: `s3://BUCKET/PREFIX`.
        endpoint: URL of the service; empty for Amazon's.
        part_bytes: Size of parts; S3 takes 5 MiB and more.
    """

    def __init__(self, url: str, endpoint: str = "", *, part_bytes: int = PART_BYTES) -> None:
        from obstore.store import S3Store  # noqa: PLC0415 - Only who has a bucket needs it.

        parts = urlsplit(url)
        self._url = url.rstrip("/")
        self._endpoint = endpoint
        self._part_bytes = part_bytes
        config: S3Config = {"endpoint": endpoint} if endpoint else {}

        def connect(connection: "Connection") -> S3Store:
            client, retries = connection
            if endpoint.startswith("http://"):
                client = {**client, "allow_http": True}
            return S3Store(
                parts.netloc,
                prefix=parts.path.strip("/") or None,
                config=config,
                client_options=client,
                retry_config=retries,
            )

        self._looking = connect(LOOKING)
        self._carrying = connect(CARRYING)

    def describe_place(self, key: str) -> str:
        """Return the URL of an object."""
        return f"{self._url}/{key}"

    def put_file(self, key: str, source: Path, sha256: str) -> None:
        """Store a file, in parts if it is large; the object appears whole or not at all.

        Raises:
            OSError: If the file cannot be read, or its bytes do not have this hash any more.
        """
        is_large = source.stat().st_size > self._part_bytes
        with self._answering():
            self._carrying.put(
                key,
                _read_pieces(source, sha256),
                use_multipart=is_large,
                chunk_size=self._part_bytes,
                max_concurrency=PARTS_AT_ONCE,
            )

    def put_bytes(self, key: str, content: bytes) -> None:
        """Store a small object."""
        with self._answering():
            self._looking.put(key, content, use_multipart=False)

    def find(self, key: str) -> StoredObject | None:
        """Return what the service says of an object; None if there is none."""
        try:
            with self._answering():
                found = self._looking.head(key)
        except FileNotFoundError:
            return None
        return StoredObject(key, found["size"], found["last_modified"])

    def read_bytes(self, key: str) -> bytes | None:
        """Return the content of a small object; None if there is none."""
        try:
            with self._answering():
                return bytes(self._looking.get(key).bytes())
        except FileNotFoundError:
            return None

    def read_pieces(self, key: str) -> Iterator[bytes]:
        """Yield the content of an object, with a bounded number of parts in memory.

        Raises:
            FileNotFoundError: If there is none.
        """
        found = self.find(key)
        if found is None:
            raise FileNotFoundError(f"{self.describe_place(key)} is missing")
        if found.num_bytes <= self._part_bytes:
            # The size may be 0, of which there are no parts.
            with self._answering():
                yield bytes(self._carrying.get(key).bytes())
            return
        starts = range(0, found.num_bytes, self._part_bytes)
        waiting: deque[Future[bytes]] = deque()
        with ThreadPoolExecutor(PARTS_AT_ONCE, thread_name_prefix="storage") as threads:
            for start in starts:
                waiting.append(threads.submit(self._read_part, key, start))
                if len(waiting) > PARTS_AT_ONCE:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def download(self, key: str, target: Path) -> str:
        """Write an object to a file, and return the sha256 of its bytes.

        Raises:
            FileNotFoundError: If there is no such object.
            OSError: If the file cannot be written.
        """
        digest = hashlib.sha256()
        with target.open("wb") as writer:
            for piece in self.read_pieces(key):
                digest.update(piece)
                writer.write(piece)
        return digest.hexdigest()

    def find_hash(self, key: str) -> str | None:
        """Read an object and return the sha256 of its bytes; None if there is none."""
        digest = hashlib.sha256()
        try:
            for piece in self.read_pieces(key):
                digest.update(piece)
        except FileNotFoundError:
            return None
        return digest.hexdigest()

    def list_objects(self, folder: str) -> Iterator[StoredObject]:
        """Yield all objects below a folder."""
        with self._answering():
            for page in self._looking.list(folder):
                for found in page:
                    yield StoredObject(found["path"], found["size"], found["last_modified"])

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; a missing one is not an error."""
        wanted = list(keys)
        for start in range(0, len(wanted), MANY_KEYS):
            with self._answering():
                self._looking.delete(wanted[start : start + MANY_KEYS])

    def now(self) -> datetime:
        """Return the time of the service, by which it says when an object was stored."""
        self.put_bytes(CLOCK, b"")
        found = self.find(CLOCK)
        if found is None:
            raise StorageUnavailable(f"{self.describe_place(CLOCK)} was written and is not there. Try again.")
        return found.stored_at

    def check(self) -> None:
        """Check that objects can be listed, written and read.

        Raises:
            StorageRefused: If the bucket does not exist, or the credentials do not suffice.
        """
        next(self.list_objects(CLOCK), None)
        self.now()

    def _read_part(self, key: str, start: int) -> bytes:
        with self._answering():
            return bytes(self._carrying.get_range(key, start=start, length=self._part_bytes))

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Turn the errors of the service into ours; a missing object stays a FileNotFoundError."""
        from obstore.exceptions import (  # noqa: PLC0415 - As above.
            BaseError,
            PermissionDeniedError,
            UnauthenticatedError,
        )

        try:
            yield
        except FileNotFoundError as error:
            # The answer to the request for an object's size alone has no text, and so does not tell these apart.
            if "NoSuchBucket" in str(error):
                raise self._refused(error) from error
            raise
        except (PermissionDeniedError, UnauthenticatedError) as error:
            raise self._refused(error) from error
        except BaseError as error:
            # Of the request for a list there is one error for every status.
            if REFUSAL.search(str(error)):
                raise self._refused(error) from error
            raise StorageUnavailable(
                f"The store {self._where()} does not answer ({_find_reason(error)}). Try again later."
            ) from error

    def _refused(self, error: Exception) -> StorageRefused:
        return StorageRefused(
            f"The store {self._where()} refuses ({_find_reason(error)}). Check that the bucket exists, "
            "TRAINYARD_STORAGE_URL and _ENDPOINT, and the credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        )

    def _where(self) -> str:
        return f"{self._url} at {self._endpoint}" if self._endpoint else self._url


def _read_pieces(source: Path, sha256: str) -> Iterator[bytes]:
    """Yield the bytes of a file, and raise an error in place of the end if they do not have this hash."""
    digest = hashlib.sha256()
    with source.open("rb") as reader:
        while piece := reader.read(CHUNK_BYTES):
            digest.update(piece)
            yield piece
    if digest.hexdigest() != sha256:
        raise OSError(f"{source} has changed while it was stored")


def _find_reason(error: Exception) -> str:
    """Return the part of an error that says what happened, without the request and the markup of the answer."""
    line = str(error).partition("\n")[0]
    return line.rpartition(" - ")[2].partition(": <")[0].strip()[:300]
