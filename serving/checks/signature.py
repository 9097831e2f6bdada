"""The signature of an uploaded network: what the client has given, and for the rest what the network says."""

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from core.errors import nearest
from core.signatures.given import GivenSignature, GivenTensor
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec
from serving.checks.errors import RejectedNetwork
from serving.checks.session import ANY_LENGTH, NetworkTensor, show_long
from serving.checks.trial import TrialOutput
from serving.errors import show
from serving.rows.tensors import describe_shape

FLOAT_INPUTS = frozenset({InputKind.IMAGE, InputKind.TABLE, InputKind.BIT_PAIR})
"""Kinds whose rows are made here, as 32-bit floats."""


def make_signature(
    given: GivenSignature,
    inputs: Sequence[NetworkTensor],
    outputs: Sequence[NetworkTensor],
    trial: Mapping[str, TrialOutput],
) -> ModelSignature:
    """Return the signature of a network.

    Args:
        given: What the client says.
        inputs: Inputs of the network.
        outputs: Outputs of the network.
        trial: Outputs of a trial, by name.

    Raises:
        RejectedNetwork: If the network contradicts the client.
    """
    first_input, *other_inputs = _match("input", given.input, given.other_inputs, inputs)
    left_out = {tensor.name for tensor in inputs} - {spec.onnx_name for spec in (first_input, *other_inputs)}
    if left_out:
        raise _wrong(f"The signature leaves out the input '{show(min(left_out))}', which the network needs.")
    has_free_input = any(ANY_LENGTH in spec.shape for spec in (first_input, *other_inputs))
    observed = [_observe(tensor, trial[tensor.name], is_free=has_free_input) for tensor in outputs]
    first_output, *other_outputs = _match("output", given.output, given.other_outputs, observed)
    task = given.task or (Task.CLASSIFICATION if given.class_labels else Task.REGRESSION)
    kind = given.input_kind or _default_kind(given)
    if kind in FLOAT_INPUTS and first_input.dtype != "float32":
        raise _wrong(f"A network of the kind '{kind}' has an input of float32; this one has {first_input.dtype}.")
    if task is Task.CLASSIFICATION and not first_output.dtype.startswith("float"):
        raise _wrong(
            f"The output '{show(first_output.name)}' is {first_output.dtype}; a classifier's is a number for each "
            'class. Name the right one: "output": {"name": …}.'
        )
    answers_probabilities = given.answers_probabilities
    if answers_probabilities is None:
        answers_probabilities = task is not Task.CLASSIFICATION or trial[first_output.onnx_name].are_probabilities
    try:
        return ModelSignature(
            task=task,
            input_kind=kind,
            input=first_input,
            other_inputs=tuple(other_inputs),
            output=first_output,
            other_outputs=tuple(other_outputs),
            columns=given.columns,
            table=given.table,
            resize=given.resize,
            pixel_range=given.pixel_range,
            class_labels=given.class_labels,
            num_bits=given.num_bits,
            threshold=given.threshold,
            answers_probabilities=answers_probabilities,
        )
    except ValidationError as error:
        raise _wrong(error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ") + ".") from error


def _default_kind(given: GivenSignature) -> InputKind:
    if given.table is not None:
        return InputKind.TABLE
    return InputKind.COLUMNS if given.columns else InputKind.TENSOR


def _match(
    role: str, first: GivenTensor | None, others: Sequence[GivenTensor] | None, tensors: Sequence[NetworkTensor]
) -> list[TensorSpec]:
    """Return the tensors that the client names, and then, unless it lists the others, those of the network."""
    by_name = {tensor.name: tensor for tensor in tensors}
    named = [*([] if first is None else [first]), *(others or ())]
    specs = [_settle(role, tensor, by_name) for tensor in named]
    taken = {spec.onnx_name for spec in specs}
    rest = [
        TensorSpec(name=tensor.name, onnx_name=tensor.name, dtype=tensor.dtype, shape=tensor.shape or ())
        for tensor in tensors
        if tensor.name not in taken
    ]
    if len(taken) < len(specs):
        raise _wrong(f"The signature names an {role} twice.")
    if first is None:
        if not rest:
            raise _wrong(f"The signature names every {role} as another one. Name the first as '{role}'.")
        specs = [rest[0], *specs]
        rest = rest[1:]
    return specs if others is not None else specs + rest


def _settle(role: str, given: GivenTensor, tensors: Mapping[str, NetworkTensor]) -> TensorSpec:
    found = tensors.get(given.graph_name)
    if found is None:
        hint = nearest(given.graph_name, [*tensors])
        raise _wrong(f"The network has no {role} '{show(given.graph_name)}'.{hint}")
    where = f"the {role} '{show(given.name)}'"
    if given.dtype is not None and given.dtype != found.dtype:
        raise _wrong(f"The signature says that {where} is {show(given.dtype)}; the network has {found.dtype}.")
    shape = found.shape or ()
    if given.shape is not None:
        if not _is_within(given.shape, found.shape):
            raise _wrong(
                f"The signature says that a row of {where} is {describe_shape(given.shape)}; the network has "
                f"{describe_shape(shape)}."
            )
        shape = given.shape
    return TensorSpec(name=given.name, onnx_name=found.name, dtype=found.dtype, shape=shape)


def _is_within(given: tuple[int, ...], of_network: tuple[int, ...] | None) -> bool:
    """Return True if rows of the given shape are rows of the network's: a free length may be given."""
    if of_network is None:
        return True
    return len(given) == len(of_network) and all(
        length == wanted or (wanted == ANY_LENGTH and length >= 1)
        for length, wanted in zip(given, of_network, strict=True)
    )


def _observe(tensor: NetworkTensor, trial: TrialOutput, *, is_free: bool) -> NetworkTensor:
    """Return an output with the lengths that the graph does not say, as far as they cannot depend on the rows.

    Raises:
        RejectedNetwork: If the graph says another shape than the trial has shown.
    """
    seen = trial.values.shape[1:]
    declared = (ANY_LENGTH,) * len(seen) if tensor.shape is None else tensor.shape
    if not _is_within(seen, declared):
        raise RejectedNetwork(
            "wrong_shape",
            f"A row of the output '{show(tensor.name)}' is {describe_shape(seen)}, and the network declares "
            f"{describe_shape(declared)}. Export it again.",
        )
    shape = tuple(
        ANY_LENGTH if said == ANY_LENGTH and is_free else length for said, length in zip(declared, seen, strict=True)
    )
    return NetworkTensor(tensor.name, tensor.dtype, shape)


def _wrong(detail: str) -> RejectedNetwork:
    return RejectedNetwork("wrong_signature", show_long(detail))
