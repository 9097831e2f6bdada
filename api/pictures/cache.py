"""Cache of finished pictures."""

from collections import OrderedDict
from threading import Lock

MAX_BYTES = 16 * 1024 * 1024


class PictureCache:
    """Bytes of pictures by a key that changes with all that they show; the one not asked for longest goes first."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._num_bytes = 0
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, key: str) -> bytes | None:
        """Return a picture, None if it is not kept."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def put(self, key: str, picture: bytes) -> None:
        """Keep a picture, unless it is larger than the whole cache."""
        if len(picture) > self._max_bytes:
            return
        with self._lock:
            self._num_bytes += len(picture) - len(self._kept.pop(key, b""))
            self._kept[key] = picture
            while self._num_bytes > self._max_bytes:
                self._num_bytes -= len(self._kept.popitem(last=False)[1])
