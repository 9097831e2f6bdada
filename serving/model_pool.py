"""The models kept loaded, least recently used dropped first."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Model = TypeVar("Model")


class ModelPool(Generic[Key, Model]):
    """A bounded set of loaded models, shared by all threads of a process.

    A model is dropped by forgetting it: a request that already holds it finishes with it, and its memory goes
    with the last such request.

    Args:
        max_models: How many models to keep loaded, 1 or more.
    """

    def __init__(self, max_models: int) -> None:
        if max_models < 1:
            raise ValueError(f"A pool keeps 1 model or more loaded, not {max_models}.")
        self._max_models = max_models
        self._lock = Lock()
        self._loaded: OrderedDict[Key, Model] = OrderedDict()
        self._loading: dict[Key, Future[Model]] = {}

    def __len__(self) -> int:
        return len(self._loaded)

    def find(self, key: Key) -> Model | None:
        """The model of this key if it is loaded, without ever waiting for a load."""
        with self._lock:
            model = self._loaded.get(key)
            if model is not None:
                self._loaded.move_to_end(key)
            return model

    def get(self, key: Key, load: Callable[[], Model]) -> Model:
        """The model of this key, loaded by the first to ask while all others who ask wait for it.

        `load` must not ask this pool for the same key. What it raises reaches everybody who waited, and the next to
        ask tries again.
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
        """Forget a model; one whose load is under way is not kept when it arrives.

        Returns:
            Whether there was anything to forget.
        """
        with self._lock:
            # The model is held until the lock is free: closing a session takes longer than anything else done here.
            model = self._loaded.pop(key, None)
            future = self._loading.pop(key, None)
        return model is not None or future is not None

    def _load(self, key: Key, load: Callable[[], Model], future: Future[Model]) -> None:
        try:
            model = load()
        # Whatever ended the load, an interrupt of this thread included, those who wait must not wait for ever.
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
