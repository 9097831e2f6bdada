"""Recurrent layers over sequences, in one direction or both."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.networks.recurrent import Cell, RecurrentLayer
from models.networks.chain import Chain
from models.networks.layer import activation_name
from models.networks.recurrent_loop import write_loop
from models.networks.weights import make_initializer, make_regularizer
from models.onnx_graph import Graph, Value
from models.runtime import keras
from models.seeds import derive_seed

CELLS: dict[Cell, Any] = {
    "simple_rnn": keras.layers.SimpleRNN,
    "lstm": keras.layers.LSTM,
    "gru": keras.layers.GRU,
}

TIME_FIRST = (1, 0, 2)

BATCH_FIRST = (1, 0, 2)

FROM_END = np.iinfo(np.int64).max

_OPERATORS = {"SimpleRNN": "RNN", "LSTM": "LSTM", "GRU": "GRU"}

_NATIVE = {"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid"}
"""Activations that onnxruntime's recurrent operators support; others need a loop."""

_GATE_ORDER = {"SimpleRNN": (0,), "LSTM": (0, 3, 1, 2), "GRU": (0, 1, 2)}
"""Keras's indices of the gates in ONNX's order: for LSTM Keras has input, forget, cell, output; ONNX i, o, f, c."""


JOINS = {"concat": "Concat", "sum": "Add", "mul": "Mul", "ave": "Mean"}
"""ONNX operators by Keras's `merge_mode`."""


def build_recurrent(chain: Chain, spec: RecurrentLayer) -> None:
    """Build SimpleRNN, LSTM or GRU over (time, features), or Bidirectional around two of them."""
    if not spec.bidirectional:
        chain.add(_one_direction(chain, spec, chain.name(spec.cell), go_backwards=spec.go_backwards))
        return
    name = chain.name("bidirectional")
    # Keras would copy the settings of the forward layer, seeds included, and both would get the same initial weights.
    forward = _one_direction(chain, spec, f"{name}_forward", go_backwards=spec.go_backwards)
    backward = _one_direction(chain, spec, f"{name}_backward", go_backwards=not spec.go_backwards)
    chain.add(
        keras.layers.Bidirectional(
            forward, backward_layer=backward, merge_mode=spec.merge_mode, name=name, dtype=chain.dtype
        )
    )


def _one_direction(chain: Chain, spec: RecurrentLayer, name: str, *, go_backwards: bool) -> Any:
    arguments: dict[str, Any] = {}
    if spec.cell != "simple_rnn":
        arguments["recurrent_activation"] = spec.recurrent_activation
    if spec.cell == "lstm":
        arguments["unit_forget_bias"] = spec.unit_forget_bias
    if spec.cell == "gru":
        arguments["reset_after"] = spec.reset_after
    return CELLS[spec.cell](
        spec.units,
        activation=spec.activation,
        use_bias=spec.use_bias,
        kernel_initializer=make_initializer(spec.kernel_initializer, derive_seed(chain.seed, name, "kernel")),
        recurrent_initializer=make_initializer(spec.recurrent_initializer, derive_seed(chain.seed, name, "recurrent")),
        bias_initializer=make_initializer(spec.bias_initializer, derive_seed(chain.seed, name, "bias")),
        kernel_regularizer=make_regularizer(spec.kernel_regularizer),
        recurrent_regularizer=make_regularizer(spec.recurrent_regularizer),
        bias_regularizer=make_regularizer(spec.bias_regularizer),
        dropout=spec.dropout,
        recurrent_dropout=spec.recurrent_dropout,
        seed=derive_seed(chain.seed, name, "mask"),
        return_sequences=spec.return_sequences,
        go_backwards=go_backwards,
        unroll=spec.unroll,
        name=name,
        dtype=chain.dtype,
        **arguments,
    )


def write_recurrent(graph: Graph, layer: Any, value: Value) -> Value:
    """Write SimpleRNN, LSTM or GRU in one direction."""
    sequence = graph.add("Transpose", value.name, perm=TIME_FIRST)
    outputs = _run(graph, layer, sequence)
    if not layer.return_sequences:
        return Value(outputs, (layer.units,))
    # With go_backwards, Keras returns the outputs in the order they were computed.
    ordered = _reverse(graph, outputs) if layer.go_backwards else outputs
    return Value(graph.add("Transpose", ordered, perm=BATCH_FIRST, stem=layer.name), (value.shape[0], layer.units))


def write_bidirectional(graph: Graph, layer: Any, value: Value) -> Value:
    """Write two layers that read the sequence in opposite directions, and merge their outputs."""
    sequence = graph.add("Transpose", value.name, perm=TIME_FIRST)
    forward, backward = layer.forward_layer, layer.backward_layer
    both = [_run(graph, direction, sequence) for direction in (forward, backward)]
    if layer.return_sequences and forward.go_backwards:
        # Keras always reverses the outputs of the backward layer.
        both = [_reverse(graph, outputs) for outputs in both]
    joined = _join(graph, layer.merge_mode, both)
    width = forward.units * (2 if layer.merge_mode == "concat" else 1)
    if not layer.return_sequences:
        return Value(joined, (width,))
    return Value(graph.add("Transpose", joined, perm=BATCH_FIRST, stem=layer.name), (value.shape[0], width))


def _run(graph: Graph, layer: Any, sequence: str) -> str:
    """Write a recurrent layer over (time, batch, features) in its direction.

    Returns:
        The name of the outputs (time, batch, units), in the order of the inputs; or of the last one (batch, units).
    """
    activations = [activation_name(layer.activation)]
    if hasattr(layer, "recurrent_activation"):
        activations.append(activation_name(layer.recurrent_activation))
    if all(name in _NATIVE for name in activations):
        return _run_operator(graph, layer, sequence)
    return write_loop(graph, layer, sequence)


def _run_operator(graph: Graph, layer: Any, sequence: str) -> str:
    kind = type(layer).__name__
    direction = "reverse" if layer.go_backwards else "forward"
    attributes: dict[str, Any] = {"hidden_size": layer.units, "direction": direction}
    activation = _NATIVE[activation_name(layer.activation)]
    if kind == "SimpleRNN":
        attributes["activations"] = [activation]
    else:
        gate = _NATIVE[activation_name(layer.recurrent_activation)]
        attributes["activations"] = [gate, activation] if kind == "GRU" else [gate, activation, activation]
    if kind == "GRU":
        attributes["linear_before_reset"] = int(layer.reset_after)
    weights = [
        graph.constant(f"{layer.name}_{name}", array[None])
        for name, array in zip(("kernel", "recurrent", "bias"), _weights(layer), strict=True)
    ]
    outputs, last, *_ = graph.add_many(_OPERATORS[kind], [sequence, *weights], 2, layer.name, **attributes)
    chosen = outputs if layer.return_sequences else last
    # The axis of directions has length 1 here: (time, 1, batch, units) or (1, batch, units).
    axis = graph.constant("axis", [1 if layer.return_sequences else 0], np.int64)
    return graph.add("Squeeze", chosen, axis, stem=layer.name)


def _weights(layer: Any) -> tuple[Any, Any, Any]:
    """Return kernel (gates·units, features), recurrent kernel (gates·units, units) and both biases (2·gates·units,)."""
    order, cell = _GATE_ORDER[type(layer).__name__], layer.cell
    width = len(order) * layer.units
    biases = np.zeros((2, width), np.float32)
    if layer.use_bias:
        # A GRU with reset_after has one for the inputs and one for the state; all others have one.
        given = cell.bias.numpy().reshape(-1, width)
        biases[: len(given)] = given
    return (
        _sort_gates(cell.kernel.numpy(), order).T,
        _sort_gates(cell.recurrent_kernel.numpy(), order).T,
        _sort_gates(biases, order).reshape(-1),
    )


def _sort_gates(array: Any, order: Sequence[int]) -> Any:
    gates = np.split(array, len(order), axis=-1)
    return np.concatenate([gates[number] for number in order], axis=-1)


def _reverse(graph: Graph, value: str) -> str:
    """Reverse the first axis."""
    start, end, axis, step = (
        graph.constant(name, [number], np.int64)
        for name, number in (("start", -1), ("end", -FROM_END), ("axis", 0), ("step", -1))
    )
    return graph.add("Slice", value, start, end, axis, step)


def _join(graph: Graph, merge_mode: str, both: Sequence[str]) -> str:
    operator = JOINS[merge_mode]
    return graph.add(operator, *both, axis=-1) if operator == "Concat" else graph.add(operator, *both)
