"""Check of the tensors of a request against those of a signature."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInstances
from core.signatures.signature import TensorSpec
from serving.errors import show, show_names
from serving.rows.tensors import describe_shape, is_shape_of

TEXT = "str"


class InputCheck:
    """Check that tensors by name are those that a network takes.

    Args:
        specs: Inputs of the network.
    """

    def __init__(self, specs: Sequence[TensorSpec]) -> None:
        self._specs = tuple(specs)
        # Objects of types compare faster than their names.
        self._expected = tuple(
            (spec, np.dtype(object if spec.dtype == TEXT else spec.dtype), -1 not in spec.shape) for spec in specs
        )

    def __call__(self, inputs: Mapping[str, NDArray[Any]]) -> int:
        """Return the number of rows.

        Raises:
            InvalidInstances: If a tensor is missing, unknown, or of another type or shape; says what was expected.
        """
        if len(inputs) != len(self._specs):
            raise self._reject_names(inputs)
        num_rows = 0
        for spec, dtype, is_fixed in self._expected:
            tensor = inputs.get(spec.name)
            if tensor is None:
                raise self._reject_names(inputs)
            if tensor.dtype != dtype:
                raise self._reject_type(spec, tensor)
            shape = tensor.shape
            fits = shape[1:] == spec.shape if is_fixed else is_shape_of(shape[1:], spec.shape)
            if not fits or not shape or not shape[0]:
                raise self._reject_shape(spec, tensor)
            if num_rows not in (0, shape[0]):
                raise self._reject_rows(inputs)
            num_rows = shape[0]
            if spec.dtype == TEXT:
                self._check_text(spec, tensor)
        return num_rows

    def _reject_names(self, inputs: Mapping[str, NDArray[Any]]) -> InvalidInstances:
        expected = show_names([spec.name for spec in self._specs])
        plural = "s" if len(self._specs) > 1 else ""
        detail = f"The model expects the input{plural} {expected}; got {show_names(inputs)}."
        return InvalidInstances.at("", detail, "wrong_names")

    def _of(self, spec: TensorSpec) -> str:
        return f" for '{show(spec.name)}'" if len(self._specs) > 1 else ""

    def _reject_type(self, spec: TensorSpec, tensor: NDArray[Any]) -> InvalidInstances:
        if spec.dtype == TEXT:
            expected = "text (an array of objects)"
        elif spec.dtype == "bool":
            expected = "true and false (bool)"
        else:
            expected = f"numbers of type {spec.dtype}"
        detail = f"The model expects {expected}{self._of(spec)}; the batch has {tensor.dtype}."
        return InvalidInstances.at("", detail, "wrong_type")

    def _reject_shape(self, spec: TensorSpec, tensor: NDArray[Any]) -> InvalidInstances:
        return InvalidInstances.at(
            "",
            f"The model expects one or more rows of shape {describe_shape(spec.shape)}{self._of(spec)}; "
            f"the batch has shape {describe_shape(tensor.shape)}, with the number of rows first.",
            "wrong_shape",
        )

    def _reject_rows(self, inputs: Mapping[str, NDArray[Any]]) -> InvalidInstances:
        counts = ", ".join(f"{len(inputs[spec.name])} for '{show(spec.name)}'" for spec in self._specs)
        return InvalidInstances.at(
            "", f"All inputs need the same number of rows; the request has {counts}.", "wrong_shape"
        )

    def _check_text(self, spec: TensorSpec, tensor: NDArray[Any]) -> None:
        """Reject what is not text: onnxruntime would send its representation, `b'...'` or `None`, to the network."""
        for value in tensor.flat:
            if type(value) is not str:
                detail = (
                    f"The model expects text{self._of(spec)}; the batch has a value of type {type(value).__name__}."
                )
                raise InvalidInstances.at("", detail, "wrong_type")
            try:
                value.encode()
            except UnicodeEncodeError as error:
                detail = f"The model expects text{self._of(spec)}; '{show(value)}' has half of a surrogate pair."
                raise InvalidInstances.at("", detail, "not_utf8") from error
