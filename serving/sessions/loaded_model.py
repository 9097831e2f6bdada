"""Exported network, loaded for predictions."""

from pathlib import Path
from typing import Any, Self

import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as onnxruntime_errors
from pydantic import ValidationError

from core.errors import ArtifactCorrupt, InvalidInstances
from core.signatures.signature import ModelSignature, TensorSpec
from serving.rows.tensors import describe_shape, has_free_axis, is_shape_of

LOAD_ERRORS = (
    onnxruntime_errors.Fail,
    onnxruntime_errors.InvalidArgument,
    onnxruntime_errors.InvalidGraph,
    onnxruntime_errors.InvalidProtobuf,
    onnxruntime_errors.NoSuchFile,
    onnxruntime_errors.NotImplemented,
    onnxruntime_errors.RuntimeException,
)
RUN_ERRORS = (onnxruntime_errors.Fail, onnxruntime_errors.InvalidArgument, onnxruntime_errors.RuntimeException)

ONNX_TYPES = {"float32": "tensor(float)", "float64": "tensor(double)", "int64": "tensor(int64)"}

# All errors but fatal ones are raised as exceptions in Python; onnxruntime need not print them.
LOG_FATAL = 4


class LoadedModel:
    """Network in memory, for any number of concurrent threads.

    Args:
        onnx_path: Exported network.
        signature: Signature that was exported with it.

    Raises:
        ArtifactCorrupt: If the file is not a network, or does not match the signature.
    """

    def __init__(self, onnx_path: Path, signature: ModelSignature) -> None:
        try:
            session = onnxruntime.InferenceSession(
                str(onnx_path), sess_options=_session_options(), providers=["CPUExecutionProvider"]
            )
        except LOAD_ERRORS as error:
            raise ArtifactCorrupt("The exported network cannot be loaded. Train the run again.") from error
        _check_tensor("input", signature.input, session.get_inputs())
        _check_tensor("output", signature.output, session.get_outputs())
        self.signature = signature
        self._session = session
        self._input_name = signature.input.onnx_name
        self._output_names = [signature.output.onnx_name]

    @classmethod
    def from_files(cls, onnx_path: Path, signature_path: Path) -> Self:
        """Load a network and its signature, a JSON file.

        Raises:
            ArtifactCorrupt: If a file is missing or cannot be read, or the two do not match.
        """
        try:
            signature = ModelSignature.model_validate_json(signature_path.read_bytes())
        except (OSError, ValidationError) as error:
            raise ArtifactCorrupt("The network's signature cannot be read. Train the run again.") from error
        return cls(onnx_path, signature)

    def predict(self, batch: NDArray[Any]) -> NDArray[Any]:
        """Run the network on a batch of rows.

        Args:
            batch: (num_rows, *input shape), of the type of its input.

        Returns:
            (num_rows, *output shape).

        Raises:
            InvalidInstances: If the batch does not fit the signature's input.
        """
        shape = self.signature.input.shape
        dtype = self.signature.input.dtype
        if batch.dtype != dtype:
            raise InvalidInstances.at(
                "", f"The model expects numbers of type {dtype}; the batch has {batch.dtype}.", "wrong_type"
            )
        if batch.ndim == 0 or len(batch) == 0 or not is_shape_of(batch.shape[1:], shape):
            raise InvalidInstances.at(
                "",
                f"The model expects one or more rows of shape {describe_shape(shape)}; "
                f"the batch has shape {describe_shape(batch.shape)}, with the number of rows first.",
                "wrong_shape",
            )
        try:
            output: NDArray[Any] = self._session.run(self._output_names, {self._input_name: batch})[0]
        except RUN_ERRORS as error:
            if not has_free_axis(shape):
                raise
            # Only a free length can make the request wrong here.
            raise InvalidInstances.at(
                "",
                f"The network cannot take rows of shape {describe_shape(batch.shape[1:])}. "
                "They may be too short for one of its layers; send longer ones.",
                "wrong_shape",
            ) from error
        return output


def _session_options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    # Small networks finish on the calling thread before other threads would wake up; requests run in parallel anyway.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    # The arena and the memory patterns would keep the memory of each model's largest batch for ever; releasing it
    # takes no measurable time for a 784-512-512-10 network.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    options.log_severity_level = LOG_FATAL
    return options


def _check_tensor(role: str, spec: TensorSpec, nodes: list[onnxruntime.NodeArg]) -> None:
    """Reject a network whose graph contradicts its signature."""
    node = next((node for node in nodes if node.name == spec.onnx_name), None)
    expected = (-1, *spec.shape)
    if node is None:
        reason = f"has the {role} {', '.join(node.name for node in nodes)}, not '{spec.onnx_name}'"
    elif node.type != (expected_type := ONNX_TYPES.get(spec.dtype)):
        reason = f"has an {role} of type {node.type}, not {expected_type}"
    # Free lengths of the graph are names or None; an unknown shape has no lengths.
    elif node.shape and not _may_be(node.shape, expected):
        reason = f"has an {role} of shape {node.shape}, not {describe_shape(expected)}"
    else:
        return
    raise ArtifactCorrupt(f"The exported network {reason} as its signature says. Train the run again.")


def _may_be(graph_shape: list[int | str | None], expected: tuple[int, ...]) -> bool:
    return len(graph_shape) == len(expected) and all(
        not isinstance(length, int) or length == wanted for length, wanted in zip(graph_shape, expected, strict=True)
    )
