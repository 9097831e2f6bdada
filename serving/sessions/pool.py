"""Pool of loaded models, bounded by their number and their memory."""

import asyncio
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from threading import Lock
from time import monotonic
from typing import Generic, Protocol, TypeVar

from core.errors import Unavailable

LOADING_THREADS = 4
"""Loads at a time, of those that `obtain` starts."""

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0


class Poolable(Protocol):
    """Member of a pool, which takes memory."""

    @property
    def num_bytes(self) -> int:
        """Return the memory that it takes."""


Key = TypeVar("Key", bound=Hashable)
Model = TypeVar("Model", bound=Poolable)


@dataclass(slots=True)
class _Entry(Generic[Model]):
    model: Model
    num_bytes: int
    last_use: int


@dataclass(slots=True)
class _Failure:
    """A load that failed.

    Attributes:
        ends_at: Time, by the monotonic clock, from which it is tried again.
    """

    error: Exception
    pause_seconds: float
    ends_at: float


class ModelPool(Generic[Key, Model]):
    """Bounded set of loaded models, shared by all threads of a process. The least recently used is dropped first.

    A model that does not fit is kept alone, beside the pinned ones. A request that holds a dropped model finishes with
    it; the memory is released after the last such request. A load that failed is not tried again for a second, twice as
    long each time, so that a broken file does not keep the processor busy.

    Args:
        max_models: Maximum number of loaded models, at least 1.
        max_bytes: Most memory of loaded models; None for no limit.
        clock: Monotonic clock, in seconds.
    """

    def __init__(
        self, max_models: int, max_bytes: int | None = None, *, clock: Callable[[], float] = monotonic
    ) -> None:
        if max_models < 1:
            raise ValueError(f"max_models must be at least 1; got {max_models}.")
        self._max_models = max_models
        self._max_bytes = max_bytes
        self._clock = clock
        self._lock = Lock()
        self._count_use = count().__next__
        self._entries: dict[Key, _Entry[Model]] = {}
        self._loading: dict[Key, Future[Model]] = {}
        self._failures: dict[Key, _Failure] = {}
        self._pinned: set[Key] = set()
        self._threads = ThreadPoolExecutor(LOADING_THREADS, thread_name_prefix="load")

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def num_bytes(self) -> int:
        """Return the memory of all loaded models."""
        with self._lock:
            return self._sum_bytes()

    def find(self, key: Key) -> Model | None:
        """Return the model of this key if it is loaded. Takes no lock, so that it may be called from an event loop."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        entry.last_use = self._count_use()
        return entry.model

    def peek(self, key: Key) -> Model | None:
        """Return the model of this key if it is loaded; that is no use of it."""
        entry = self._entries.get(key)
        return None if entry is None else entry.model

    def list_models(self) -> list[Model]:
        """Return all loaded models; that is no use of them."""
        return [entry.model for entry in list(self._entries.values())]

    def is_loading(self, key: Key) -> bool:
        """Return True while the model of this key is loaded."""
        return key in self._loading

    def get(self, key: Key, load: Callable[[], Model]) -> Model:
        """Return the model of this key; the first caller loads it while all others wait.

        `load` must not ask this pool for the same key. Its exception is raised for all who waited, and for who asks
        soon after.
        """
        model = self.find(key)
        if model is not None:
            return model
        future, is_first = self._begin(key)
        if is_first:
            self._load(key, load, future)
        return future.result()

    async def obtain(self, key: Key, load: Callable[[], Model]) -> Model:
        """Return the model of this key as `get` does, from an event loop: `load` is called in another thread.

        Other callers wait without a thread. The load goes on if the caller is cancelled.
        """
        model = self.find(key)
        if model is not None:
            return model
        future, is_first = self._begin(key)
        if is_first:
            self._load_in_thread(key, load, future)
        return await asyncio.wrap_future(future)

    def pin(self, key: Key) -> None:
        """Keep the model of this key, once it is loaded, whatever the limits."""
        with self._lock:
            self._pinned.add(key)

    def unpin(self, key: Key) -> None:
        """Let the limits apply to the model of this key again."""
        with self._lock:
            self._pinned.discard(key)
            dropped = self._drop_surplus(newest=None)
        del dropped

    def evict(self, key: Key) -> bool:
        """Drop a model; a model that is being loaded is not kept.

        Returns:
            True if there was a model to drop.
        """
        with self._lock:
            # The reference is kept until the lock is released: dropping a model takes longer than anything else here.
            entry = self._entries.pop(key, None)
            future = self._loading.pop(key, None)
            self._failures.pop(key, None)
        return entry is not None or future is not None

    def close(self) -> None:
        """Drop all models, and load no others with `obtain`."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            dropped = list(self._entries.values())
            self._entries.clear()
            self._pinned.clear()
        del dropped

    def _begin(self, key: Key) -> tuple[Future[Model], bool]:
        """Return the load of this key, and True if the caller has to do it."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                loaded: Future[Model] = Future()
                loaded.set_result(entry.model)
                return loaded, False
            future = self._loading.get(key)
            if future is not None:
                return future, False
            failure = self._failures.get(key)
            if failure is not None and self._clock() < failure.ends_at:
                # One exception is raised many times: its traceback must not grow.
                raise failure.error.with_traceback(None)
            future = self._loading[key] = Future()
            # A load that others wait for cannot be cancelled by one of them.
            future.set_running_or_notify_cancel()
            return future, True

    def _load_in_thread(self, key: Key, load: Callable[[], Model], future: Future[Model]) -> None:
        try:
            self._threads.submit(self._load, key, load, future)
        except RuntimeError:
            with self._lock:
                self._forget_load(key, future)
            future.set_exception(Unavailable("The service is shutting down. Send the request again."))

    def _load(self, key: Key, load: Callable[[], Model], future: Future[Model]) -> None:
        try:
            model = load()
            num_bytes = model.num_bytes
        # Other threads must not wait for ever, whatever ended the load, even an interrupt of this thread.
        except BaseException as error:
            with self._lock:
                if self._forget_load(key, future) and isinstance(error, Exception):
                    self._remember_failure(key, error)
            future.set_exception(error)
            raise
        dropped: list[_Entry[Model]] = []
        with self._lock:
            if self._forget_load(key, future):
                self._failures.pop(key, None)
                self._entries[key] = _Entry(model, num_bytes, self._count_use())
                dropped = self._drop_surplus(newest=key)
        del dropped
        future.set_result(model)

    def _forget_load(self, key: Key, future: Future[Model]) -> bool:
        """End a load, unless `evict` has ended it already (and perhaps another has begun)."""
        if self._loading.get(key) is not future:
            return False
        del self._loading[key]
        return True

    def _remember_failure(self, key: Key, error: Exception) -> None:
        now = self._clock()
        previous = self._failures.pop(key, None)
        pause = min(2 * previous.pause_seconds, LONGEST_PAUSE_SECONDS) if previous else FIRST_PAUSE_SECONDS
        for other in [k for k, failure in self._failures.items() if now > failure.ends_at + LONGEST_PAUSE_SECONDS]:
            del self._failures[other]
        self._failures[key] = _Failure(error, pause, now + pause)

    def _drop_surplus(self, newest: Key | None) -> list[_Entry[Model]]:
        """Drop the least recently used models beyond the limits, but neither pinned ones nor the newest.

        Returns:
            What was dropped, for the caller to release without the lock.
        """
        dropped = []
        candidates = [key for key in self._entries if key not in self._pinned and key != newest]
        candidates.sort(key=lambda key: self._entries[key].last_use, reverse=True)
        num_bytes = self._sum_bytes()
        while candidates and (
            len(self._entries) > self._max_models or (self._max_bytes is not None and num_bytes > self._max_bytes)
        ):
            entry = self._entries.pop(candidates.pop())
            num_bytes -= entry.num_bytes
            dropped.append(entry)
        return dropped

    def _sum_bytes(self) -> int:
        return sum(entry.num_bytes for entry in self._entries.values())
