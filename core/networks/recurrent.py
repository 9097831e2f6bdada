"""Recurrent layers over sequences."""

from typing import Annotated, Literal

from pydantic import Field

from core.errors import reject_spec
from core.networks.layer import Activation, BaseLayer
from core.networks.layer_table import SEQUENCE_RANK, LayerPlace, LayerTable, Shape
from core.specs.base import Bool, Fraction, PositiveInt
from core.specs.initializers import BiasInitializer, Initializer, Orthogonal, Regularizer, plain

Cell = Literal["simple_rnn", "lstm", "gru"]

KERAS_CLASSES: dict[Cell, str] = {"simple_rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}

GATES: dict[Cell, int] = {"simple_rnn": 1, "lstm": 4, "gru": 3}
"""Number of weight matrices that are concatenated in a cell's kernels."""

MAX_UNROLLED_STEPS = 1000
"""An unrolled layer is copied for each time step; more steps would take too much memory and many minutes to build."""


class RecurrentLayer(BaseLayer):
    """SimpleRNN, LSTM or GRU over the time steps of a sequence."""

    type: Literal["recurrent"] = "recurrent"
    cell: Cell
    units: Annotated[PositiveInt, Field(examples=[32])]
    activation: Activation = "tanh"
    recurrent_activation: Activation = "sigmoid"
    """Activation of the gates of LSTM and GRU; SimpleRNN has none."""
    use_bias: Bool = True
    kernel_initializer: Initializer = plain("glorot_uniform")
    recurrent_initializer: Initializer = Orthogonal(name="orthogonal")
    bias_initializer: BiasInitializer = plain("zeros")
    kernel_regularizer: Regularizer | None = None
    recurrent_regularizer: Regularizer | None = None
    bias_regularizer: Regularizer | None = None
    unit_forget_bias: Bool = True
    """LSTM only: starts the forget gate's bias at 1 (Jozefowicz et al., 2015)."""
    reset_after: Bool = True
    """GRU only: the reset gate works after the matrix product."""
    return_sequences: Bool = False
    """Return the output of every time step instead of the last one only."""
    dropout: Fraction = 0.0
    recurrent_dropout: Fraction = 0.0
    unroll: Bool = False
    go_backwards: Bool = False
    bidirectional: Bool = False
    merge_mode: Literal["sum", "mul", "concat", "ave"] = "concat"
    """Operation that combines the two directions of a bidirectional layer."""

    def tabulate(self, table: LayerTable, place: LayerPlace) -> None:
        """Add the row of SimpleRNN, LSTM or GRU, or of Bidirectional around two of them."""
        steps, features = self._read_sequence(table.shape, place)
        gated = GATES[self.cell] * self.units
        weights: dict[str, Shape] = {"kernel": (features, gated), "recurrent_kernel": (self.units, gated)}
        if self.use_bias:
            # A GRU with reset_after keeps separate biases for inputs and state.
            weights["bias"] = (2, gated) if self.cell == "gru" and self.reset_after else (gated,)
        flops = steps * 2 * gated * (features + self.units)
        layer_type, width = KERAS_CLASSES[self.cell], self.units
        if self.bidirectional:
            weights = {f"{way}_{name}": shape for way in ("forward", "backward") for name, shape in weights.items()}
            layer_type, flops = "Bidirectional", 2 * flops
            width *= 2 if self.merge_mode == "concat" else 1
        table.add(layer_type, (steps, width) if self.return_sequences else (width,), weights, flops)

    def _read_sequence(self, shape: Shape, place: LayerPlace) -> tuple[int, int]:
        if len(shape) != SEQUENCE_RANK:
            reject_spec(
                place.pointer,
                f"{place} ({self.cell}) reads a sequence (steps, features), but its input has shape {shape}. "
                "Set return_sequences to true on the recurrent layer before it.",
            )
        steps, features = shape
        if self.unroll and steps > MAX_UNROLLED_STEPS:
            reject_spec(
                place.at("unroll"),
                f"{place} ({self.cell}) can unroll at most {MAX_UNROLLED_STEPS:,} time steps; its input has {steps:,}. "
                "Leave unroll false, or use a shorter window.",
            )
        return steps, features
