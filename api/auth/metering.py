"""Requests a minute: a token bucket for each submitter, in the memory of this process."""

import math
import time
from collections.abc import Callable

from core.errors import QuotaExceeded

WINDOW_SECONDS = 60.0

Headers = list[tuple[bytes, bytes]]


class Meter:
    """Bucket of one submitter. It holds a minute's requests at most, and fills evenly.

    Only the event loop's thread uses it.

    Args:
        name: Name of the key.
        limit: Requests in a minute.
        now: Clock in seconds; tests pass another.
    """

    __slots__ = ("_now", "_tokens", "_updated_at", "limit", "name")

    def __init__(self, name: str, limit: int, now: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.limit = limit
        self._now = now
        self._tokens = float(limit)
        self._updated_at = now()

    def change(self, limit: int) -> None:
        """Set another limit; what was used stays used."""
        self._tokens = max(self._tokens + limit - self.limit, 0.0)
        self.limit = limit

    def take(self) -> None:
        """Count a request.

        Raises:
            QuotaExceeded: If the bucket is empty; says when it holds a request again.
        """
        self._fill()
        if self._tokens < 1:
            seconds = math.ceil((1 - self._tokens) * WINDOW_SECONDS / self.limit)
            raise QuotaExceeded(
                f"The key '{self.name}' has sent the {self.limit:,} requests that it may send in a minute. Try again "
                f"in {seconds} s, or ask an administrator for more: trainyard quotas set NAME "
                "--max-requests-per-minute N.",
                "requests_per_minute",
                limit=self.limit,
                used=self.limit,
                retry_after_seconds=seconds,
            )
        self._tokens -= 1

    @property
    def num_left(self) -> int:
        """Return the number of requests that may be sent at once."""
        self._fill()
        return int(self._tokens)

    def headers(self) -> Headers:
        """Return the headers of a response that tell the client its quota (draft-ietf-httpapi-ratelimit-headers-09)."""
        left = self.num_left
        seconds = math.ceil((self.limit - self._tokens) * WINDOW_SECONDS / self.limit)
        return [
            (b"ratelimit-policy", b'"requests";q=%d;w=%d' % (self.limit, WINDOW_SECONDS)),
            (b"ratelimit", b'"requests";r=%d;t=%d' % (left, seconds)),
        ]

    def _fill(self) -> None:
        now = self._now()
        self._tokens = min(self._tokens + (now - self._updated_at) * self.limit / WINDOW_SECONDS, float(self.limit))
        self._updated_at = now


class Meters:
    """The meters of this process, by name: two keys of one name share one."""

    def __init__(self) -> None:
        self._meters: dict[str, Meter] = {}

    def find(self, name: str, limit: int) -> Meter | None:
        """Return the meter of a submitter with this limit; None if the limit is 0, which is none."""
        if not limit:
            self._meters.pop(name, None)
            return None
        meter = self._meters.get(name)
        if meter is None:
            meter = self._meters[name] = Meter(name, limit)
        elif meter.limit != limit:
            meter.change(limit)
        return meter
