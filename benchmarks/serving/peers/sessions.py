"""The session that every side runs its network in: one thread, as the one core that it has."""

from typing import Any

import onnxruntime


def open_session(path: str) -> Any:
    """Load an ONNX file with the options that the service uses."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
