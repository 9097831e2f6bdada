"""Return of memory to the operating system: of networks that are no longer used, and what their loading has left."""

import ctypes
import threading
import weakref
from collections.abc import Callable
from queue import SimpleQueue

_released: SimpleQueue[object] = SimpleQueue()
_start_lock = threading.Lock()
_threads: list[threading.Thread] = []


def release_later(owner: object, resource: object) -> None:
    """Destroy a resource in a thread of its own once nothing refers to its owner any more.

    Destroying a session takes milliseconds for each 10 MB, which neither the event loop nor a request should wait for.
    """
    weakref.finalize(owner, _released.put, resource).atexit = False
    trim_soon()


def trim_soon() -> None:
    """Return free memory to the operating system, in a thread of its own: loading a file leaves up to half its size."""
    _start()
    _released.put(None)


def wait_for_release() -> None:
    """Wait until all that was to be destroyed is."""
    _start()
    is_done = threading.Event()
    _released.put(is_done)
    is_done.wait()


def _start() -> None:
    with _start_lock:
        if not _threads:
            _threads.append(threading.Thread(target=_release, name="release", daemon=True))
            _threads[0].start()


def _release() -> None:
    trim = find_trim()
    while True:
        resource: object = _released.get()
        event = resource if isinstance(resource, threading.Event) else None
        # The name would keep the resource until the next one comes.
        del resource
        if _released.empty():
            trim()
        if event is not None:
            event.set()


def find_trim() -> Callable[[], object]:
    """Return the function that returns free memory to the operating system; one that does nothing if there is none.

    glibc keeps freed blocks within its heaps until `malloc_trim(3)`; macOS has `malloc_zone_pressure_relief`.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):
        glibc_trim = library.malloc_trim
        glibc_trim.argtypes = [ctypes.c_size_t]
        return lambda: glibc_trim(0)
    if hasattr(library, "malloc_zone_pressure_relief"):
        relieve = library.malloc_zone_pressure_relief
        relieve.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
        relieve.restype = ctypes.c_size_t
        return lambda: relieve(None, 0)
    return lambda: None
