"""Exported network, loaded for predictions."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from numpy.typing import NDArray
from pydantic import ValidationError

from core.errors import ArtifactCorrupt, InvalidInstances
from core.signatures.signature import ModelSignature, TensorSpec
from serving.rows.tensors import describe_shape, has_free_axis
from serving.sessions.execution import CPU, Execution
from serving.sessions.graph_size import estimate_bytes
from serving.sessions.memory import release_later
from serving.sessions.runtime_errors import is_invalid_argument, load_errors, run_errors
from serving.sessions.tensor_checks import InputCheck

if TYPE_CHECKING:
    import onnxruntime

ONNX_TYPES = {
    "float16": "tensor(float16)",
    "float32": "tensor(float)",
    "float64": "tensor(double)",
    "bool": "tensor(bool)",
    "str": "tensor(string)",
    **{f"{kind}{bits}": f"tensor({kind}{bits})" for kind in ("int", "uint") for bits in (8, 16, 32, 64)},
}
"""onnxruntime's name of each of `TENSOR_TYPES`."""

MAX_REASON_CHARACTERS = 200


class LoadedModel:
    """Network in memory, for any number of concurrent threads.

    The memory is released by another thread, once nothing refers to the model any more.

    Args:
        onnx_path: Exported network.
        signature: Signature that was exported with it.
        execution: Hardware and threads to compute with.

    Attributes:
        signature: As given.
        execution: As given.
        num_bytes: Memory that the network takes, by estimate.
        has_free_axis: True if rows may have several shapes.

    Raises:
        ArtifactCorrupt: If the file is not a network, or does not match the signature.
    """

    def __init__(self, onnx_path: Path, signature: ModelSignature, execution: Execution = CPU) -> None:
        import onnxruntime  # noqa: PLC0415  # See serving/sessions/runtime_errors.py.

        options = execution.make_options(max(1, execution.num_threads))
        try:
            session = onnxruntime.InferenceSession(
                str(onnx_path), sess_options=options, providers=list(execution.providers)
            )
            num_bytes = estimate_bytes(onnx_path)
        except load_errors() as error:
            raise ArtifactCorrupt("The exported network cannot be loaded. Train the run again.") from error
        _check_tensors("input", signature.inputs, session.get_inputs())
        _check_tensors("output", signature.outputs, session.get_outputs())
        self.signature = signature
        self.execution = execution
        self.num_bytes = num_bytes
        self._session = session
        self._check = InputCheck(signature.inputs)
        self.has_free_axis = any(has_free_axis(tensor.shape) for tensor in signature.inputs)
        self._onnx_names = {tensor.name: tensor.onnx_name for tensor in signature.inputs}
        self._output_names = [tensor.name for tensor in signature.outputs]
        self._output_onnx_names = [tensor.onnx_name for tensor in signature.outputs]
        release_later(self, session)

    @classmethod
    def from_files(cls, onnx_path: Path, signature_path: Path, execution: Execution = CPU) -> Self:
        """Load a network and its signature, a JSON file.

        Raises:
            ArtifactCorrupt: If a file is missing or cannot be read, or the two do not match.
        """
        try:
            signature = ModelSignature.model_validate_json(signature_path.read_bytes())
        except (OSError, ValidationError) as error:
            raise ArtifactCorrupt("The network's signature cannot be read. Train the run again.") from error
        return cls(onnx_path, signature, execution)

    def predict(self, batch: NDArray[Any]) -> NDArray[Any]:
        """Run a network of one input on a batch of rows, and return its first output.

        Args:
            batch: (num_rows, *input shape), of the type of its input.

        Returns:
            (num_rows, *output shape).

        Raises:
            InvalidInstances: If the batch does not fit the signature's input.
        """
        return self.run({self.signature.input.name: batch})[self._output_names[0]]

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Run the network on a batch of rows.

        Args:
            inputs: (num_rows, *shape of the input) for each input by its name in the signature, of its type; text is
                an array of objects, each a `str`.

        Returns:
            (num_rows, *shape of the output) for each output by its name in the signature.

        Raises:
            InvalidInstances: If the inputs do not fit the signature.
        """
        self.check(inputs)
        return self.compute(inputs)

    def check(self, inputs: Mapping[str, NDArray[Any]]) -> int:
        """Check inputs as `run` does, without running the network.

        Returns:
            The number of rows.

        Raises:
            InvalidInstances: If the inputs do not fit the signature.
        """
        return self._check(inputs)

    def compute(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Run the network on inputs that `check` has accepted.

        Raises:
            InvalidInstances: If the network cannot take rows of this length, or with these values.
        """
        names = self._onnx_names
        try:
            outputs = self._session.run(
                self._output_onnx_names, {names[name]: tensor for name, tensor in inputs.items()}
            )
        except run_errors() as error:
            rejection = self._explain(inputs, error)
            if rejection is None:
                raise
            raise rejection from error
        return dict(zip(self._output_names, outputs, strict=True))

    def _explain(self, inputs: Mapping[str, NDArray[Any]], error: Exception) -> InvalidInstances | None:
        """Return the error of a request that makes the network fail; None if the network itself is at fault."""
        if self.has_free_axis:
            # The number of rows and all fixed lengths are right: only a free length can be wrong.
            shapes = " and ".join(describe_shape(tensor.shape[1:]) for tensor in inputs.values())
            return InvalidInstances.at(
                "",
                f"The network cannot take rows of shape {shapes}. "
                "They may be too short for one of its layers; send longer ones.",
                "wrong_shape",
            )
        if is_invalid_argument(error):
            # Names, types and shapes are right: an operator rejects a value, such as an index that is too large.
            reason = str(error).rsplit("Status Message:", maxsplit=1)[-1].strip()[:MAX_REASON_CHARACTERS]
            return InvalidInstances.at("", f"The network cannot compute these rows: {reason}", "wrong_value")
        return None


def _check_tensors(role: str, specs: Sequence[TensorSpec], nodes: list["onnxruntime.NodeArg"]) -> None:
    """Reject a network whose graph contradicts its signature."""
    for spec in specs:
        _check_tensor(role, spec, nodes)
    unknown = {node.name for node in nodes} - {spec.onnx_name for spec in specs}
    if role == "input" and unknown:
        raise ArtifactCorrupt(
            f"The exported network needs the input {', '.join(sorted(unknown))}, which its signature does not have. "
            "Train the run again."
        )


def _check_tensor(role: str, spec: TensorSpec, nodes: list["onnxruntime.NodeArg"]) -> None:
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
