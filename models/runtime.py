"""TensorFlow and Keras, imported here alone so that their settings come first."""

import os
import platform
import resource
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

os.environ["KERAS_BACKEND"] = "tensorflow"
# The trainer's log is for its user: no banners about processor features, and no complaint about a missing GPU.
# What goes wrong in a run comes as an exception all the same.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf

from core.system.machine import usable_memory_bytes, usable_processors

# Keras follows a network from its last layer to its first by recursion; the longest a spec can describe has 6,000.
sys.setrecursionlimit(20_000)
# Every run traces programs of its own; TensorFlow would take that for a mistake and say so in every log.
tf.get_logger().setLevel("ERROR")
if tf.config.list_physical_devices("GPU"):
    # Some operations there add numbers in the order in which threads finish; a seed must give the same curve twice.
    tf.config.experimental.enable_op_determinism()

__all__ = [
    "configure_threads",
    "device_memory_bytes",
    "find_device_name",
    "has_gpu",
    "keras",
    "library_versions",
    "list_devices",
    "measure_peak_flops",
    "num_threads",
    "peak_memory_bytes",
    "reset_peak_memory",
    "tf",
]

LIBRARIES = ("keras", "numpy", "scikit-learn", "onnx", "onnxruntime")


def configure_threads(num_threads: int) -> None:
    """Set how many threads TensorFlow computes with, and let it take GPU memory only as it needs it.

    To be called before TensorFlow computes anything; a later call with other numbers raises RuntimeError.

    Args:
        num_threads: Threads for the work within one operation; 0 leaves the choice to TensorFlow.
    """
    tf.config.threading.set_intra_op_parallelism_threads(num_threads)
    # A chain of layers has little to run side by side; a second pool mostly steals time from the first.
    tf.config.threading.set_inter_op_parallelism_threads(min(num_threads, 2))
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)


def num_threads() -> int:
    """Threads that one operation may use."""
    chosen = int(tf.config.threading.get_intra_op_parallelism_threads())
    if chosen:
        return chosen
    return usable_processors()


def has_gpu() -> bool:
    """Return whether there is a GPU to compute on."""
    return bool(tf.config.list_physical_devices("GPU"))


def list_devices() -> list[str]:
    """The devices to train on, as TensorFlow names them: GPUs, or the processor where there are none."""
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return [device.name.removeprefix("/device:") for device in devices]


def find_device_name(num_devices: int = 1) -> str:
    """Say what training runs on: the first GPU's model, or the processor's, and how many where it is not one."""
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        name = f"GPU ({details.get('device_name', 'unknown model')})"
    else:
        name = f"CPU ({_processor_name()})"
    return name if num_devices == 1 else f"{num_devices} × {name}"


def device_memory_bytes() -> int:
    """Memory of the device that training samples lie on: the first GPU's, or what of the machine's may be used."""
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        # CUDA itself is not asked: TensorFlow takes memory as it needs it, and reports only what it has taken.
        limit = tf.config.experimental.get_device_details(gpus[0]).get("memory_limit")
        if limit:
            return int(limit)
    return usable_memory_bytes()


@cache
def measure_peak_flops() -> float:
    """Floating-point operations a second of large matrix products: what no network can go beyond. Takes 0.1 s once."""
    size, repeats = 1024, 3
    product = tf.function(lambda a: tf.reduce_sum(tf.matmul(a, a)), autograph=False)
    matrix = tf.ones((size, size)) / size
    product(matrix).numpy()
    seconds = []
    for _ in range(repeats):
        started = perf_counter()
        product(matrix).numpy()
        seconds.append(perf_counter() - started)
    return float(2 * size**3 / min(seconds))


def reset_peak_memory() -> None:
    """Forget how much memory was in use before, where the system lets us."""
    if has_gpu():
        tf.config.experimental.reset_memory_stats("GPU:0")
    with suppress(OSError):
        # proc(5), clear_refs: 5 sets the peak resident set to what is resident now. Linux only.
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_memory_bytes() -> int:
    """Most memory in use since `reset_peak_memory`: the first GPU's, or this process's resident set."""
    if has_gpu():
        return int(tf.config.experimental.get_memory_info("GPU:0")["peak"])
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # getrusage(2): kilobytes on Linux, bytes on macOS.
    return peak if sys.platform == "darwin" else peak * 1024


def _processor_name() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123 - read line by line, only up to the name.
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass  # Not Linux; the kind of machine must do.
    return platform.machine()


def library_versions() -> Mapping[str, str]:
    """Versions of what a run's numbers depend on."""
    # TensorFlow comes as tensorflow or as tensorflow-cpu.
    return {"tensorflow": tf.__version__, **{name: version(name) for name in LIBRARIES}}
