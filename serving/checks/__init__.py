"""Checks of an ONNX file that a client uploads, in a process of its own: `python -m serving.checks.program`."""
