import gc
import threading
import weakref

import numpy as np
import psutil

from serving.sessions.loading import LaneLoader
from serving.sessions.memory import find_trim, release_later, wait_for_release
from serving.sessions.pool import ModelPool


class Thing:
    pass


def test_a_resource_is_destroyed_after_its_owner():
    owner, resource = Thing(), Thing()
    reference = weakref.ref(resource)
    release_later(owner, resource)
    del resource
    wait_for_release()
    assert reference() is not None
    del owner
    wait_for_release()
    assert reference() is None


def test_a_resource_is_destroyed_in_another_thread():
    places = []

    class Resource:
        def __del__(self):
            places.append(threading.current_thread().name)

    owner = Thing()
    release_later(owner, Resource())
    del owner
    wait_for_release()
    assert places == ["release"]


def test_free_memory_can_be_returned():
    find_trim()()
    assert callable(find_trim())


def resident_bytes():
    return psutil.Process().memory_info().rss


def test_memory_is_returned_after_unloading(folder, write_graph, line):
    weights = np.random.default_rng(0).standard_normal((1000, 1000)).astype(np.float32)
    path = write_graph(folder / "large.onnx", [("MatMul", ["w"], {})], {"w": weights}, [1000], [1000])
    tensor = line.signature.input.model_copy(update={"shape": (1000,)})
    output = line.signature.output.model_copy(update={"shape": (1000,)})
    signature_path = folder / "large.json"
    signature_path.write_text(line.signature.model_copy(update={"input": tensor, "output": output}).model_dump_json())
    loader = LaneLoader()
    pool = ModelPool(2)
    sizes = []
    for cycle in range(24):
        pool.get(cycle, lambda: loader.load(path, signature_path))
        if cycle % 4 == 3:
            gc.collect()
            wait_for_release()
            sizes.append(resident_bytes())
    # Two networks of 4 MB are loaded at each of these moments; 22 have been dropped.
    assert max(sizes) - min(sizes) < 8_000_000
