"""TensorFlow and Keras with their devices, which every other module imports from here."""

import platform
import resource
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

from core.system.machine import usable_memory_bytes, usable_processors
from models.libraries import keras, tf

# Keras traverses a network from its last layer to its first by recursion; a spec can describe 6,000 layers.
sys.setrecursionlimit(20_000)
# Every run traces its own programs; TensorFlow would warn of that in every log.
tf.get_logger().setLevel("ERROR")
if tf.config.list_physical_devices("GPU"):
    # Some GPU operations add numbers in the order in which threads finish; a seed must reproduce the same curve.
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
    """Set the number of threads of TensorFlow, and let it allocate GPU memory as needed.

    Call this before TensorFlow computes anything; a later call with other numbers raises RuntimeError.

    Args:
        num_threads: Number of threads within one operation; 0 for the default of TensorFlow.
    """
    tf.config.threading.set_intra_op_parallelism_threads(num_threads)
    # A chain of layers has little to run in parallel; a large second pool slows down the first.
    tf.config.threading.set_inter_op_parallelism_threads(min(num_threads, 2))
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)


def num_threads() -> int:
    """Return the number of threads that one operation may use."""
    chosen = int(tf.config.threading.get_intra_op_parallelism_threads())
    if chosen:
        return chosen
    return usable_processors()


def has_gpu() -> bool:
    """Return whether there is a GPU to compute on."""
    return bool(tf.config.list_physical_devices("GPU"))


def list_devices() -> list[str]:
    """List the devices to train on, by their TensorFlow names: GPUs, or the processor if there are none."""
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return [device.name.removeprefix("/device:") for device in devices]


def find_device_name(num_devices: int = 1) -> str:
    """Return the model of the GPU, or else of the processor, that training runs on; and the number if more than one."""
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        name = f"GPU ({details.get('device_name', 'unknown model')})"
    else:
        name = f"CPU ({_processor_name()})"
    return name if num_devices == 1 else f"{num_devices} × {name}"


def device_memory_bytes() -> int:
    """Return the memory of the first GPU or, without one, the usable memory of the machine."""
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        # CUDA is not queried: TensorFlow allocates memory as needed, and reports only what it has allocated.
        limit = tf.config.experimental.get_device_details(gpus[0]).get("memory_limit")
        if limit:
            return int(limit)
    return usable_memory_bytes()


@cache
def measure_peak_flops() -> float:
    """Measure the floating-point operations per second of large matrix products, an upper bound; once, in 0.1 s."""
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
    """Reset the peak of memory in use, where the system supports it."""
    if has_gpu():
        tf.config.experimental.reset_memory_stats("GPU:0")
    with suppress(OSError):
        # proc(5), clear_refs: 5 sets the peak resident set to what is resident now. Linux only.
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_memory_bytes() -> int:
    """Return the peak of memory in use since `reset_peak_memory`: of the first GPU, or the resident set."""
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
        pass  # Not Linux: the machine type is used instead.
    return platform.machine()


def library_versions() -> Mapping[str, str]:
    """Return the versions of the libraries that the numbers of a run depend on."""
    # TensorFlow is installed as tensorflow or as tensorflow-cpu.
    return {"tensorflow": tf.__version__, **{name: version(name) for name in LIBRARIES}}
