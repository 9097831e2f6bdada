"""Recurrent layers over sequences."""

from typing import Literal

from core.networks.layer import Activation
from core.specs.base import Bool, Fraction, PositiveInt, SpecModel
from core.specs.initializers import BiasInitializer, Initializer, Orthogonal, Regularizer, plain


class RecurrentLayer(SpecModel):
    """SimpleRNN, LSTM or GRU over the time steps of a sequence."""

    type: Literal["recurrent"] = "recurrent"
    cell: Literal["simple_rnn", "lstm", "gru"]
    units: PositiveInt
    activation: Activation = "tanh"
    recurrent_activation: Activation = "sigmoid"
    """Of the gates of LSTM and GRU; SimpleRNN has none."""
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
    """An output for each time step instead of the last one's alone."""
    dropout: Fraction = 0.0
    recurrent_dropout: Fraction = 0.0
    unroll: Bool = False
    go_backwards: Bool = False
    bidirectional: Bool = False
    merge_mode: Literal["sum", "mul", "concat", "ave"] = "concat"
    """How a bidirectional layer joins its two directions."""
