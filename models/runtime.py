"""TensorFlow and Keras, imported here alone so that their settings come first."""

import os
import platform
import sys
from collections.abc import Mapping
from importlib.metadata import version

os.environ["KERAS_BACKEND"] = "tensorflow"
# The trainer's log is for its user: no banners about processor features, and no complaint about a missing GPU.
# What goes wrong in a run comes as an exception all the same.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf

# Keras follows a network from its last layer to its first by recursion; the longest a spec can describe has 4,000.
sys.setrecursionlimit(20_000)
# Every run traces programs of its own; TensorFlow would take that for a mistake and say so in every log.
tf.get_logger().setLevel("ERROR")
# Some operations on a GPU add numbers in the order in which threads finish; a seed must give the same curve twice.
tf.config.experimental.enable_op_determinism()

__all__ = ["configure_threads", "find_device_name", "keras", "library_versions", "num_threads", "tf"]

LIBRARIES = ("tensorflow", "keras", "numpy", "scikit-learn", "onnx", "onnxruntime")


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
    # Only Linux tells which processors this process may use.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def find_device_name() -> str:
    """Say what training runs on: the first GPU's model, or the processor's."""
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        return f"GPU ({details.get('device_name', 'unknown model')})"
    return f"CPU ({_processor_name()})"


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
    return {name: version(name) for name in LIBRARIES}
