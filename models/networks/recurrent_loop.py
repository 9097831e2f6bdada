"""Loop over time for recurrent layers whose activations ONNX's recurrent operators do not support."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from models.networks.layer import apply_activation
from models.onnx_graph import BATCH, Graph, tensor


@dataclass(frozen=True, slots=True)
class _Cell:
    """Sizes and recurrent weights of a cell, as constants of the graph around the loop."""

    layer: Any
    kernel: str
    bias: str

    @property
    def units(self) -> int:
        return int(self.layer.units)


def write_loop(graph: Graph, layer: Any, sequence: str) -> str:
    """Write a recurrent layer over (time, batch, features) in its direction, with ONNX's Scan over the steps.

    The inputs' contribution to all gates is one matrix product before the loop.

    Args:
        graph: The graph to add to.
        layer: A Keras SimpleRNN, LSTM or GRU.
        sequence: Name of the input.

    Returns:
        The name of the outputs (time, batch, units), in the order of the inputs; or of the last one (batch, units).
    """
    kernel = layer.cell.kernel.numpy()
    inputs = graph.add("MatMul", sequence, graph.constant(f"{layer.name}_kernel", kernel))
    cell = _Cell(layer, graph.constant(f"{layer.name}_recurrent", layer.cell.recurrent_kernel.numpy()), "")
    if layer.use_bias:
        biases = layer.cell.bias.numpy().reshape(-1, kernel.shape[1])
        inputs = graph.add("Add", inputs, graph.constant(f"{layer.name}_bias", biases[0]))
        if len(biases) > 1:
            cell = _Cell(layer, cell.kernel, graph.constant(f"{layer.name}_recurrent_bias", biases[1]))
    num_states = 2 if type(layer).__name__ == "LSTM" else 1
    start = _zero_state(graph, sequence, cell.units)
    direction = [int(layer.go_backwards)]
    *states, outputs = graph.add_many(
        "Scan",
        [*[start] * num_states, inputs],
        num_states + 1,
        layer.name,
        body=_body(graph, cell, num_states, kernel.shape[1]),
        num_scan_inputs=1,
        scan_input_directions=direction,
        scan_output_directions=direction,
    )
    return outputs if layer.return_sequences else states[0]


def _zero_state(graph: Graph, sequence: str, units: int) -> str:
    """Write zeros of shape (batch, units)."""
    batch = graph.add(
        "Slice", graph.add("Shape", sequence), *(graph.constant("place", [number], np.int64) for number in (1, 2))
    )
    size = graph.add("Concat", batch, graph.constant("units", [units], np.int64), axis=0)
    return graph.add("Expand", graph.constant("zero", 0.0), size)


def _body(graph: Graph, cell: _Cell, num_states: int, width: int) -> Any:
    """Return the graph of one time step: from states and the inputs' contribution to new states and the output."""
    body = Graph(graph.names)
    states = [body.name("state") for _ in range(num_states)]
    inputs = body.name("step")
    steps = {"SimpleRNN": _simple_step, "LSTM": _lstm_step, "GRU": _gru_step}
    new_states = steps[type(cell.layer).__name__](body, cell, inputs, states)
    output = body.add("Identity", new_states[0])
    state_shape = (BATCH, cell.units)
    return body.body(
        [*(tensor(name, state_shape) for name in states), tensor(inputs, (BATCH, width))],
        [tensor(name, state_shape) for name in (*new_states, output)],
    )


def _simple_step(body: Graph, cell: _Cell, inputs: str, states: list[str]) -> list[str]:
    total = body.add("Add", inputs, body.add("MatMul", states[0], cell.kernel))
    return [body.add("Identity", _activate(body, cell, total))]


def _lstm_step(body: Graph, cell: _Cell, inputs: str, states: list[str]) -> list[str]:
    total = body.add("Add", inputs, body.add("MatMul", states[0], cell.kernel))
    into, forget, candidate, out = body.split(total, 4)
    kept = body.add("Mul", _gate(body, cell, forget), states[1])
    added = body.add("Mul", _gate(body, cell, into), _activate(body, cell, candidate))
    memory = body.add("Add", kept, added)
    return [body.add("Mul", _gate(body, cell, out), _activate(body, cell, memory)), memory]


def _gru_step(body: Graph, cell: _Cell, inputs: str, states: list[str]) -> list[str]:
    state = states[0]
    from_inputs = body.split(inputs, 3)
    if cell.layer.reset_after:
        product = body.add("MatMul", state, cell.kernel)
        if cell.bias:
            product = body.add("Add", product, cell.bias)
        from_state = body.split(product, 3)
        update, reset = (_gate(body, cell, body.add("Add", from_inputs[n], from_state[n])) for n in (0, 1))
        remembered = body.add("Mul", reset, from_state[2])
    else:
        kernels = body.split(cell.kernel, 3)
        update, reset = (
            _gate(body, cell, body.add("Add", from_inputs[n], body.add("MatMul", state, kernels[n]))) for n in (0, 1)
        )
        remembered = body.add("MatMul", body.add("Mul", reset, state), kernels[2])
    candidate = _activate(body, cell, body.add("Add", from_inputs[2], remembered))
    kept = body.add("Mul", update, state)
    added = body.add("Mul", body.add("Sub", body.constant("one", 1.0), update), candidate)
    return [body.add("Add", kept, added)]


def _activate(body: Graph, cell: _Cell, value: str) -> str:
    return apply_activation(body, cell.layer.activation, value)


def _gate(body: Graph, cell: _Cell, value: str) -> str:
    return apply_activation(body, cell.layer.recurrent_activation, value)
