"""The session that every side runs its network in: one thread, as the one core that it has."""

from typing import Any

import onnxruntime


def open_session(path: str) -> Any:
    """Load an ONNX file with the options of the service's own sessions."""
    return onnxruntime.InferenceSession(path, make_options(), providers=["CPUExecutionProvider"])


def make_options() -> onnxruntime.SessionOptions:
    """Return the options of a session on one core."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    # Every case takes as long with the arena.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    return options
