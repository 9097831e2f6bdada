"""From a recurrent layer of a spec to Keras's, in one direction or both."""

from typing import Any

from core.networks.recurrent import RecurrentLayer
from models.networks.chain import Chain
from models.networks.weights import make_initializer, make_regularizer
from models.runtime import keras
from models.seeds import derive_seed

_CELLS: dict[str, Any] = {
    "simple_rnn": keras.layers.SimpleRNN,
    "lstm": keras.layers.LSTM,
    "gru": keras.layers.GRU,
}


def recurrent_layer(spec: RecurrentLayer, chain: Chain) -> Any:
    """SimpleRNN, LSTM or GRU over (time, features)."""
    if not spec.bidirectional:
        name = chain.name(spec.cell)
        return _one_direction(spec, name, chain, go_backwards=spec.go_backwards)
    name = chain.name("bidirectional")
    # Keras would make the backward layer from the forward one's settings, seeds included: both would start alike.
    return keras.layers.Bidirectional(
        _one_direction(spec, f"{name}_forward", chain, go_backwards=spec.go_backwards),
        backward_layer=_one_direction(spec, f"{name}_backward", chain, go_backwards=not spec.go_backwards),
        merge_mode=spec.merge_mode,
        name=name,
        dtype=chain.dtype,
    )


def _one_direction(spec: RecurrentLayer, name: str, chain: Chain, *, go_backwards: bool) -> Any:
    arguments: dict[str, Any] = {}
    if spec.cell != "simple_rnn":
        arguments["recurrent_activation"] = spec.recurrent_activation
    if spec.cell == "lstm":
        arguments["unit_forget_bias"] = spec.unit_forget_bias
    if spec.cell == "gru":
        arguments["reset_after"] = spec.reset_after
    return _CELLS[spec.cell](
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
