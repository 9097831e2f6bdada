"""Bounded queue of the requests for one network."""

from collections import deque
from collections.abc import Callable
from threading import Lock

from core.errors import ServerBusy
from serving.sessions.batches import Part, QueuedRequest, take_batch

MAX_QUEUED_BYTES = 256 * 1024 * 1024
"""Most memory of the rows that wait for one network, unless a single request has more."""


class RequestQueue:
    """Requests that wait, and whether somebody has been told to compute them. For any number of threads.

    Args:
        max_requests: Most requests that wait.
    """

    def __init__(self, max_requests: int) -> None:
        self._max_requests = max_requests
        self._lock = Lock()
        self._requests: deque[QueuedRequest] = deque()
        self._is_served = False

    def __len__(self) -> int:
        return len(self._requests)

    def list_requests(self) -> list[QueuedRequest]:
        """Return those that wait, the oldest first."""
        with self._lock:
            return list(self._requests)

    def put(self, request: QueuedRequest) -> bool:
        """Add a request.

        Returns:
            True if nobody computes the requests of this queue yet: the caller has to have it done.

        Raises:
            ServerBusy: If too many wait.
        """
        with self._lock:
            if self._is_full(request):
                self._drop_done()
                if self._is_full(request):
                    raise ServerBusy(
                        f"{len(self._requests)} requests wait for this model, as many as "
                        f"TRAINYARD_MAX_QUEUED_REQUESTS ({self._max_requests}) or their memory allow. "
                        "Send it again a little later."
                    )
            self._requests.append(request)
            is_first = not self._is_served
            self._is_served = True
            return is_first

    def take(self, max_rows: Callable[[QueuedRequest], int], *, joins: bool) -> list[Part]:
        """Take the next batch, as `take_batch` does."""
        with self._lock:
            return take_batch(self._requests, max_rows=max_rows, joins=joins)

    def end_batch(self) -> bool:
        """Return True if more wait: the caller has to have them computed; otherwise, who adds the next one."""
        with self._lock:
            self._is_served = bool(self._requests)
            return self._is_served

    def clear(self) -> list[QueuedRequest]:
        """Take all requests out, and return them."""
        with self._lock:
            requests = list(self._requests)
            self._requests.clear()
            self._is_served = False
            return requests

    def _is_full(self, request: QueuedRequest) -> bool:
        if len(self._requests) >= self._max_requests:
            return True
        # Small requests are limited by their number.
        if request.num_bytes * self._max_requests <= MAX_QUEUED_BYTES or not self._requests:
            return False
        return request.num_bytes + sum(waiting.num_bytes for waiting in self._requests) > MAX_QUEUED_BYTES

    def _drop_done(self) -> None:
        """Drop requests that nobody waits for."""
        waiting = [request for request in self._requests if not request.future.done()]
        self._requests.clear()
        self._requests.extend(waiting)
