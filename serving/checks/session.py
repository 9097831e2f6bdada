"""The network in onnxruntime: loaded as for serving, its inputs and outputs described."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from core.signatures.signature import TENSOR_TYPES
from serving.checks.errors import RejectedNetwork
from serving.errors import show

ELEMENT_TYPES = {
    "tensor(float16)": "float16",
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(string)": "str",
    **{f"tensor({dtype})": dtype for dtype in TENSOR_TYPES if "int" in dtype or dtype == "bool"},
}

ANY_LENGTH = -1

MAX_ROW_ELEMENTS = 2**26

MAX_TENSORS = 100

MAX_REASON_CHARACTERS = 300

LOG_FATAL = 4

ERROR_CODE = re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ")

FREE_BATCH = (
    "Export it with a free first axis: dynamic_axes or dynamic_shapes of torch.onnx.export, "
    "tf.TensorSpec([None, …]) of tf2onnx."
)


@dataclass(frozen=True, slots=True)
class NetworkTensor:
    """An input or output of the graph.

    Attributes:
        name: Name in the graph.
        dtype: Element type, as in a signature.
        shape: Shape of one row, without the first axis, -1 for any length; None if the graph does not say.
    """

    name: str
    dtype: str
    shape: tuple[int, ...] | None


class Network:
    """A network in onnxruntime.

    Args:
        content: The file.

    Raises:
        RejectedNetwork: If onnxruntime does not take it, its first axis is not free, or it has inputs or outputs that
            are no tensors of rows.
    """

    def __init__(self, content: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = LOG_FATAL
        try:
            # From memory: there is no folder in which it could look for other files.
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except MemoryError:
            raise
        except Exception as error:  # onnxruntime's errors have no common base class but this.
            raise RejectedNetwork(
                "not_loadable", f"onnxruntime {onnxruntime.__version__} does not load the network: {_reason(error)}"
            ) from error
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if not 0 < len(inputs) <= MAX_TENSORS or not 0 < len(outputs) <= MAX_TENSORS:
            raise RejectedNetwork(
                "wrong_number_of_tensors",
                f"The network has {len(inputs)} inputs and {len(outputs)} outputs; 1 to {MAX_TENSORS} of each are "
                "accepted.",
            )
        try:
            self.inputs = tuple(_describe("input", node) for node in inputs)
            self.outputs = tuple(_describe("output", node) for node in outputs)
        except UnicodeDecodeError as error:
            raise RejectedNetwork(
                "malformed_network", "An input or output of the network has a name that is not UTF-8. Export it again."
            ) from error

    def run(self, feeds: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """Return the outputs, in order.

        Raises:
            RejectedNetwork: If it fails.
        """
        try:
            outputs: list[NDArray[Any]] = self._session.run(None, feeds)
        except MemoryError:
            raise
        except Exception as error:  # As above.
            shapes = ", ".join(f"'{show(name)}' of {_shape(value.shape)}" for name, value in feeds.items())
            raise RejectedNetwork("trial_failed", f"The network fails for inputs {shapes}: {_reason(error)}") from error
        return outputs


def _describe(role: str, node: Any) -> NetworkTensor:
    dtype = ELEMENT_TYPES.get(node.type)
    if dtype is None:
        hint = " Export a classifier of scikit-learn with options={'zipmap': False}." if "map" in node.type else ""
        raise RejectedNetwork(
            "unsupported_type",
            f"The {role} '{show(node.name)}' is a {show(node.type)}; tensors of {', '.join(TENSOR_TYPES)} are "
            f"accepted.{hint}",
        )
    sizes: Sequence[int | str | None] = node.shape or []
    if role == "input" and (not sizes or isinstance(sizes[0], int)):
        what = f"of shape {_shape(sizes)}" if sizes else "a single value, or of unknown rank"
        raise RejectedNetwork(
            "fixed_batch",
            f"The input '{show(node.name)}' is {what}. Its first axis is the number of rows, which must be free. "
            f"{FREE_BATCH}",
        )
    if not sizes:
        return NetworkTensor(node.name, dtype, None)
    shape = tuple(size if isinstance(size, int) and size >= 0 else ANY_LENGTH for size in sizes[1:])
    if prod(max(1, size) for size in shape) > MAX_ROW_ELEMENTS or 0 in shape:
        raise RejectedNetwork(
            "wrong_shape",
            f"A row of the {role} '{show(node.name)}' has the shape {_shape(shape)}; from 1 to {MAX_ROW_ELEMENTS:,} "
            "elements are accepted.",
        )
    return NetworkTensor(node.name, dtype, shape)


def array_of(dtype: str, shape: Sequence[int], random: np.random.Generator, *, are_zeros: bool) -> NDArray[Any]:
    """Return values for a trial: from 0 to 1, or all zero; text is `a` or empty."""
    numbers = np.zeros(shape) if are_zeros else random.random(shape)
    if dtype == "str":
        texts = np.full(shape, "", object)
        texts[numbers >= 0.5] = "a"  # noqa: PLR2004 - half of them
        return texts
    return (numbers if dtype.startswith("float") else numbers.round()).astype(dtype)


def _shape(sizes: Sequence[int | str | None]) -> str:
    return "×".join("any" if size is None or size == ANY_LENGTH else show(str(size)) for size in sizes) or "one value"


def _reason(error: Exception) -> str:
    """Return what onnxruntime says, without its codes, as a sentence."""
    text = show_long(ERROR_CODE.sub("", str(error)).rpartition("Status Message:")[2])
    return text if text.endswith((".", "…")) else f"{text}."


def show_long(text: str) -> str:
    """Return a text of another program on one line, shortened and printable."""
    line = " ".join(text.split())
    line = line if len(line) <= MAX_REASON_CHARACTERS else line[:MAX_REASON_CHARACTERS] + "…"
    return line.encode(errors="backslashreplace").decode()
