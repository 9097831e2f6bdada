"""Inference requests: the JSON object, and the binary data that may follow it in the body.

Open Inference Protocol, "Inference Request JSON Object", with Triton's extensions for binary data, classification,
schedule policy and parameters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from core.errors import InvalidInstances, nearest
from serving.errors import describe, join_pointer, show
from serving.protocols.open_inference.binary_data import read_binary
from serving.protocols.open_inference.datatypes import Datatype, read_datatype
from serving.protocols.open_inference.json_data import read_json
from serving.protocols.open_inference.parameters import (
    Parameters,
    is_text,
    read_count,
    read_flag,
    read_parameters,
    refuse_shared_memory,
)
from serving.protocols.open_inference.shapes import read_shape

REQUEST_FIELDS = ("id", "parameters", "inputs", "outputs", "model_name", "model_version")

INPUT_FIELDS = ("name", "shape", "datatype", "parameters", "data")

OUTPUT_FIELDS = ("name", "parameters")

EMPTY = memoryview(b"")


@dataclass(frozen=True, slots=True)
class Tensor:
    """One input of a request.

    Attributes:
        datatype: Declared type.
        array: Elements in the declared shape; of BYTES, Python's str if they came as JSON, else bytes.
    """

    name: str
    datatype: Datatype
    array: NDArray[Any]


@dataclass(frozen=True, slots=True)
class RequestedOutput:
    """One output that a request asks for.

    Attributes:
        is_binary: True to answer with binary data.
        num_classes: Most likely classes to answer instead of numbers; 0 for the numbers.
    """

    name: str
    is_binary: bool = False
    num_classes: int = 0


@dataclass(frozen=True, slots=True)
class InferRequest:
    """A decoded request.

    Attributes:
        id: As the client called it; None if it did not.
        tensors: Inputs by name, in their order.
        outputs: Requested outputs in their order; empty for all.
        is_binary: True to answer with binary data where an output does not say otherwise.
        timeout_microseconds: Time that the request may take; None or 0 for the server's own limit.
    """

    id: str | None
    tensors: Mapping[str, Tensor]
    outputs: Sequence[RequestedOutput] = ()
    is_binary: bool = False
    timeout_microseconds: int | None = None
    parameters: Parameters | None = None


def decode_request(fields: object, binary: memoryview = EMPTY) -> InferRequest:
    """Read a request.

    Args:
        fields: JSON object, parsed; NaN and infinities are numbers in it.
        binary: Bytes that follow it in the body.

    Raises:
        InvalidInstances: If it is not a request of the protocol, or its data contradict its shapes, types or sizes.
    """
    checked = _check_fields(fields, REQUEST_FIELDS, "The request")
    identifier = checked.get("id")
    if identifier is not None and not (type(identifier) is str and is_text(identifier)):
        raise InvalidInstances.at("/id", f"The id is {describe(identifier)}, not text.", "wrong_id")
    parameters = read_parameters(checked)
    is_binary = timeout = None
    if parameters:
        is_binary = read_flag(parameters, "binary_data_output")
        timeout = read_count(parameters, "timeout")
    return InferRequest(
        identifier,
        _read_inputs(checked.get("inputs"), binary),
        _read_outputs(checked["outputs"], is_binary=bool(is_binary)) if checked.get("outputs") else (),
        bool(is_binary),
        timeout,
        parameters,
    )


def _check_fields(fields: object, known: Sequence[str], what: str, *place: str | int) -> dict[str, Any]:
    if type(fields) is not dict:
        raise InvalidInstances.at(
            join_pointer(*place), f"{what} is {describe(fields)}, not an object.", "not_an_object"
        )
    for name in fields:
        if name not in known:
            detail = f"{what} has an unknown field '{show(name)}'.{nearest(name, known)}"
            raise InvalidInstances.at(join_pointer(*place, name), detail, "unknown_field")
    return fields


def _read_inputs(inputs: object, binary: memoryview) -> dict[str, Tensor]:
    if type(inputs) is not list or not inputs:
        came = "has no 'inputs'" if inputs is None else f"has {describe(inputs)} as 'inputs'"
        detail = f"The request {came}. Send a list of tensors, each with name, shape, datatype and data."
        raise InvalidInstances.at("/inputs", detail, "no_inputs")
    tensors: dict[str, Tensor] = {}
    begin = 0
    for index, value in enumerate(inputs):
        fields = _check_fields(value, INPUT_FIELDS, f"The input {index}", "inputs", index)
        name = _read_name(fields, tensors, "input", "inputs", index)
        datatype = read_datatype(fields.get("datatype"), name, "inputs", index, "datatype")
        shape = read_shape(fields.get("shape"), name, "inputs", index, "shape")
        num_bytes = None
        if "parameters" in fields:
            parameters = read_parameters(fields, "inputs", index)
            refuse_shared_memory(parameters, "inputs", index)
            num_bytes = read_count(parameters, "binary_data_size", "inputs", index)
        if num_bytes is None:
            if "data" not in fields:
                detail = f"The input '{show(name)}' has neither 'data' nor the parameter 'binary_data_size'. Send one."
                raise InvalidInstances.at(join_pointer("inputs", index), detail, "no_data")
            array = read_json(fields["data"], datatype, shape, name, "inputs", index)
        else:
            _check_binary(fields, name, index, num_bytes, len(binary) - begin)
            array = read_binary(binary[begin : begin + num_bytes], datatype, shape, name, "inputs", index)
            begin += num_bytes
        tensors[name] = Tensor(name, datatype, array)
    if begin != len(binary):
        detail = (
            f"The body has {len(binary)} bytes after its JSON; the inputs' binary_data_size add up to {begin}. "
            "Correct the sizes, or the header Inference-Header-Content-Length."
        )
        raise InvalidInstances.at("/inputs", detail, "binary_data")
    return tensors


def _check_binary(fields: dict[str, Any], name: str, index: int, num_bytes: int, num_left: int) -> None:
    if fields.get("data") is not None:
        detail = f"The input '{show(name)}' has 'data' and the parameter 'binary_data_size'. Send one."
        raise InvalidInstances.at(join_pointer("inputs", index), detail, "binary_data")
    if num_bytes > num_left:
        detail = (
            f"The input '{show(name)}' has a binary_data_size of {num_bytes}, but the body has {num_left} bytes left. "
            "Send the data after the JSON, and the length of the JSON as the header Inference-Header-Content-Length."
        )
        raise InvalidInstances.at(
            join_pointer("inputs", index, "parameters", "binary_data_size"), detail, "binary_data"
        )


def _read_outputs(outputs: object, *, is_binary: bool) -> tuple[RequestedOutput, ...]:
    if type(outputs) is not list:
        detail = f"'outputs' is {describe(outputs)}, not a list of outputs. Leave it out for all."
        raise InvalidInstances.at("/outputs", detail, "not_a_list")
    requested: dict[str, RequestedOutput] = {}
    for index, value in enumerate(outputs):
        fields = _check_fields(value, OUTPUT_FIELDS, f"The output {index}", "outputs", index)
        name = _read_name(fields, requested, "output", "outputs", index)
        parameters = read_parameters(fields, "outputs", index)
        refuse_shared_memory(parameters, "outputs", index)
        own = read_flag(parameters, "binary_data", "outputs", index)
        num_classes = read_count(parameters, "classification", "outputs", index)
        requested[name] = RequestedOutput(name, is_binary if own is None else own, num_classes or 0)
    return tuple(requested.values())


def _read_name(fields: dict[str, Any], known: Mapping[str, object], role: str, list_name: str, index: int) -> str:
    name = fields.get("name")
    if type(name) is not str:
        came = "no name" if name is None else f"{describe(name)} as its name"
        raise InvalidInstances.at(join_pointer(list_name, index, "name"), f"The {role} {index} has {came}.", "no_name")
    if name in known:
        raise InvalidInstances.at(
            join_pointer(list_name, index, "name"),
            f"The {role} '{show(name)}' is there twice. Send it once.",
            "repeated",
        )
    return name
