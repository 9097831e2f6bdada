"""LRU cache of loaded models."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Model = TypeVar("Model")


class ModelPool(Generic[Key, Model]):
    """Bounded set of loaded models, shared by all threads of a process. The least recently used is dropped first.

    A request that holds a dropped model finishes with it; the memory is released after the last such request.

    Args:
        max_models: Maximum number of loaded models, at least 1.
    """

    def __init__(self, max_models: int) -> None:
        if max_models < 1:
            raise ValueError(f"max_models must be at least 1; got {max_models}.")
        self._max_models = max_models
        self._lock = Lock()
        self._loaded: OrderedDict[Key, Model] = OrderedDict()
        self._loading: dict[Key, Future[Model]] = {}

    def __len__(self) -> int:
        return len(self._loaded)

    def find(self, key: Key) -> Model | None:
        """Return the model of this key if it is loaded, without waiting for a load."""
        with self._lock:
            model = self._loaded.get(key)
            if model is not None:
                self._loaded.move_to_end(key)
            return model

    def get(self, key: Key, load: Callable[[], Model]) -> Model:
        """Return the model of this key; the first caller loads it while all others wait.

        `load` must not ask this pool for the same key. Its exception is raised for all who waited; the next caller
        tries again.
        """
        with self._lock:
            model = self._loaded.get(key)
            if model is not None:
                self._loaded.move_to_end(key)
                return model
            future = self._loading.get(key)
            is_first = future is None
            if future is None:
                future = self._loading[key] = Future()
        if is_first:
            self._load(key, load, future)
        return future.result()

    def evict(self, key: Key) -> bool:
        """Drop a model; a model that is being loaded is not kept.

        Returns:
            True if there was a model to drop.
        """
        with self._lock:
            # The reference is kept until the lock is released: closing a session takes longer than anything else here.
            model = self._loaded.pop(key, None)
            future = self._loading.pop(key, None)
        return model is not None or future is not None

    def _load(self, key: Key, load: Callable[[], Model], future: Future[Model]) -> None:
        try:
            model = load()
        # Other threads must not wait for ever, whatever ended the load, even an interrupt of this thread.
        except BaseException as error:
            with self._lock:
                self._forget_load(key, future)
            future.set_exception(error)
            raise
        dropped = []
        with self._lock:
            if self._forget_load(key, future):
                self._loaded[key] = model
                while len(self._loaded) > self._max_models:
                    dropped.append(self._loaded.popitem(last=False))
        future.set_result(model)

    def _forget_load(self, key: Key, future: Future[Model]) -> bool:
        """End a load, unless `evict` has ended it already (and perhaps another has begun)."""
        if self._loading.get(key) is not future:
            return False
        del self._loading[key]
        return True
