"""Outputs of an answer: those of the network, labels, sums and classes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from core.errors import InvalidInstances, nearest
from serving.answers import predict_classes, predict_sums
from serving.errors import join_pointer, show, show_names
from serving.protocols.open_inference.classification import classify
from serving.protocols.open_inference.datatypes import BYTES, INT64, Datatype
from serving.protocols.open_inference.interface import SUM, Interface
from serving.protocols.open_inference.requests import InferRequest, RequestedOutput

UNKNOWN_LABEL = ""
"""Label of a row with a NaN among its scores."""

UNKNOWN_SUM = -1
"""Sum of a row with a NaN among its bits; sums are never negative."""

GREATEST_INT64 = 2**63 - 1


@dataclass(frozen=True, slots=True)
class OutputTensor:
    """One output of an answer.

    Attributes:
        data: Numbers as an array; of BYTES the elements as text, and of `sum` the whole numbers, in row-major order.
    """

    name: str
    datatype: Datatype
    shape: Sequence[int]
    data: NDArray[Any] | list[str] | list[int]
    is_binary: bool


def choose_outputs(request: InferRequest, interface: Interface) -> Sequence[RequestedOutput]:
    """Return the outputs to answer: those that the request asks for in its order, or else all.

    Raises:
        InvalidInstances: If the model does not have one of them, or it has no classes.
    """
    for index, output in enumerate(request.outputs):
        target = interface.outputs.get(output.name)
        if target is None:
            known = tuple(interface.outputs)
            raise InvalidInstances.at(
                join_pointer("outputs", index, "name"),
                f"There is no output '{show(output.name)}'; the model has {show_names(known)}."
                f"{nearest(output.name, known)}",
                "unknown_output",
            )
        if output.num_classes and (target.datatype is BYTES or target.name == SUM):
            raise InvalidInstances.at(
                join_pointer("outputs", index, "parameters", "classification"),
                f"The output '{target.name}' has no scores to choose classes by. Leave 'classification' out.",
                "no_labels",
            )
    return request.outputs or [RequestedOutput(name, request.is_binary) for name in interface.outputs]


def build_outputs(
    chosen: Sequence[RequestedOutput], results: Mapping[str, NDArray[Any]], interface: Interface
) -> list[OutputTensor]:
    """Return outputs with their data.

    Args:
        chosen: As from `choose_outputs`.
        results: Outputs of the network by name, each with the rows first.
        interface: Of the model.

    Raises:
        InvalidInstances: If a sum is too large for INT64.
    """
    return [_build(output, results, interface) for output in chosen]


def _build(output: RequestedOutput, results: Mapping[str, NDArray[Any]], interface: Interface) -> OutputTensor:
    name = output.name
    datatype = interface.outputs[name].datatype
    own = results.get(name)
    if own is None:
        scores = results[interface.signature.output.name]
        data = _add_up(scores, datatype) if name == SUM else _label(scores, interface)
        return OutputTensor(name, datatype, (len(scores),), data, output.is_binary)
    if output.num_classes:
        is_first = name == interface.signature.output.name
        labels = interface.labels if is_first else ()
        classes, num_classes = classify(own, output.num_classes, labels, interface.signature)
        return OutputTensor(name, BYTES, (len(own), num_classes), classes, output.is_binary)
    if datatype is BYTES:
        return OutputTensor(name, datatype, own.shape, [str(text) for text in own.ravel().tolist()], output.is_binary)
    return OutputTensor(name, datatype, own.shape, own, output.is_binary)


def _label(scores: NDArray[Any], interface: Interface) -> list[str]:
    labels = interface.labels
    classes = predict_classes(scores, interface.signature)
    return [UNKNOWN_LABEL if index is None else labels[index] for index in classes]


def _add_up(bits: NDArray[Any], datatype: Datatype) -> list[str] | list[int]:
    sums = [UNKNOWN_SUM if number is None else number for number in predict_sums(bits)]
    if datatype is not INT64:
        return list(map(str, sums))
    if max(sums) > GREATEST_INT64:
        raise InvalidInstances.at(
            "/outputs",
            f"The sum {max(sums)} is too large for INT64. Ask for the output with the bits alone.",
            "out_of_range",
        )
    return sums
