"""Errors of onnxruntime, which is imported with the first network: a process that serves none saves 25 MB."""

from functools import cache


@cache
def load_errors() -> tuple[type[Exception], ...]:
    """Return the errors of a file that is not a network, or cannot be read."""
    from onnxruntime.capi import onnxruntime_pybind11_state as errors  # noqa: PLC0415  # See above.

    return (
        OSError,
        errors.Fail,
        errors.InvalidArgument,
        errors.InvalidGraph,
        errors.InvalidProtobuf,
        errors.NoSuchFile,
        errors.NotImplemented,
        errors.RuntimeException,
    )


@cache
def run_errors() -> tuple[type[Exception], ...]:
    """Return the errors of a call."""
    from onnxruntime.capi import onnxruntime_pybind11_state as errors  # noqa: PLC0415  # See above.

    return (errors.Fail, errors.InvalidArgument, errors.RuntimeException)


def is_invalid_argument(error: Exception) -> bool:
    """Return True if an operator rejects a value."""
    from onnxruntime.capi import onnxruntime_pybind11_state as errors  # noqa: PLC0415  # See above.

    return isinstance(error, errors.InvalidArgument)
