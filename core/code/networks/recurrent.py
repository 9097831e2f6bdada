"""Recurrent layers over sequences, in one direction or both, in source."""

from core.code.networks.chain import Chain
from core.code.networks.weights import write_bias, write_initializer, write_regularizer
from core.code.seeds import define_seed_of
from core.code.source import Call, Code, call, literal
from core.networks.recurrent import KERAS_CLASSES, RecurrentLayer


def write_recurrent(chain: Chain, spec: RecurrentLayer) -> None:
    """Write SimpleRNN, LSTM or GRU over (time, features), or Bidirectional around two of them."""
    if not spec.bidirectional:
        chain.append(_one_direction(chain, spec, chain.name(spec.cell), go_backwards=spec.go_backwards))
        return
    name = chain.name("bidirectional")
    forward = _one_direction(chain, spec, f"{name}_forward", go_backwards=spec.go_backwards)
    backward = _one_direction(chain, spec, f"{name}_backward", go_backwards=not spec.go_backwards)
    # Keras would copy the forward layer with its seeds, and both would start with the same weights.
    chain.add(
        "Bidirectional",
        forward,
        backward_layer=backward,
        merge_mode=None if spec.merge_mode == "concat" else literal(spec.merge_mode),
        name=literal(name),
    )


def _one_direction(chain: Chain, spec: RecurrentLayer, name: str, *, go_backwards: bool) -> Call:
    draft, quoted = chain.draft, literal(name)
    gates: dict[str, Code | None] = {}
    if spec.cell != "simple_rnn" and spec.recurrent_activation != "sigmoid":
        gates["recurrent_activation"] = literal(spec.recurrent_activation)
    if spec.cell == "lstm" and not spec.unit_forget_bias:
        gates["unit_forget_bias"] = "False"
    if spec.cell == "gru" and not spec.reset_after:
        gates["reset_after"] = "False"
    has_masks = spec.dropout or spec.recurrent_dropout
    if has_masks:
        define_seed_of(draft)
    return call(
        f"layers.{KERAS_CLASSES[spec.cell]}",
        literal(spec.units),
        activation=None if spec.activation == "tanh" else literal(spec.activation),
        **gates,
        use_bias=None if spec.use_bias else "False",
        kernel_initializer=write_initializer(draft, spec.kernel_initializer, quoted, "kernel"),
        recurrent_initializer=write_initializer(draft, spec.recurrent_initializer, quoted, "recurrent"),
        bias_initializer=write_bias(draft, spec.bias_initializer, quoted),
        kernel_regularizer=write_regularizer(draft, spec.kernel_regularizer),
        recurrent_regularizer=write_regularizer(draft, spec.recurrent_regularizer),
        bias_regularizer=write_regularizer(draft, spec.bias_regularizer),
        dropout=literal(spec.dropout) if spec.dropout else None,
        recurrent_dropout=literal(spec.recurrent_dropout) if spec.recurrent_dropout else None,
        seed=call("seed_of", quoted, literal("mask")) if has_masks else None,
        return_sequences="True" if spec.return_sequences else None,
        go_backwards="True" if go_backwards else None,
        unroll="True" if spec.unroll else None,
        name=quoted,
    )
