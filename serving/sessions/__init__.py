"""onnxruntime sessions: loading, memory, calls."""
