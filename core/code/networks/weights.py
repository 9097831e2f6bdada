"""Weights of a network in source: initializers, regularizers and given values."""

from collections.abc import Iterable

from core.checks.transfer import find_transferred
from core.code.draft import Draft
from core.code.seeds import define_seed_of
from core.code.source import Code, call, items, literal, nested, write
from core.networks.layer_table import LayerRow
from core.specs.initial_weights import WeightsOfRun
from core.specs.initializers import AnyInitializer, Constant, PlainInitializer, Regularizer
from core.specs.weights import NumbersByLayer

_CHECK = """\
if sha256(Path(WEIGHTS).read_bytes()).hexdigest() != WEIGHTS_SHA256:
    raise SystemExit(f"{WEIGHTS} is not the file that the run has started from.")"""

KERAS_CLASSES = {
    "zeros": "Zeros",
    "ones": "Ones",
    "constant": "Constant",
    "glorot_uniform": "GlorotUniform",
    "glorot_normal": "GlorotNormal",
    "he_uniform": "HeUniform",
    "he_normal": "HeNormal",
    "lecun_uniform": "LecunUniform",
    "lecun_normal": "LecunNormal",
    "random_normal": "RandomNormal",
    "truncated_normal": "TruncatedNormal",
    "random_uniform": "RandomUniform",
    "variance_scaling": "VarianceScaling",
    "orthogonal": "Orthogonal",
}
"""Keras's classes by the names in core/specs/initializers.py; all are in `keras.initializers`."""


def write_initializer(draft: Draft, spec: AnyInitializer, name: Code, weight: str) -> Code:
    """Return the initializer of a weight, with a seed of its own if it is random.

    Args:
        draft: The program.
        spec: Initializer of the spec.
        name: Expression of the layer's name.
        weight: Purpose of the seed, such as `kernel`.
    """
    if isinstance(spec, PlainInitializer) and spec.name in {"zeros", "ones"}:
        return literal(spec.name)
    keras_class = KERAS_CLASSES[spec.name]
    draft.need(f"from keras.initializers import {keras_class}")
    arguments = {key: literal(value) for key, value in spec.model_dump(exclude={"name"}).items()}
    if isinstance(spec, Constant):
        return call(keras_class, **arguments)
    define_seed_of(draft)
    return call(keras_class, **arguments, seed=call("seed_of", name, literal(weight)))


def write_bias(draft: Draft, spec: AnyInitializer, name: Code) -> Code | None:
    """Return the initializer of a bias; None for zeros, which are Keras's default."""
    code = write_initializer(draft, spec, name, "bias")
    return None if code == literal("zeros") else code


def write_regularizer(draft: Draft, spec: Regularizer | None) -> Code | None:
    """Return the regularizer of a weight; None if there is none."""
    if spec is None or not (spec.l1 or spec.l2):
        return None
    draft.need("from keras.regularizers import L1L2")
    return call("L1L2", l1=literal(spec.l1), l2=literal(spec.l2))


def write_first_weights(draft: Draft, given: NumbersByLayer, layers: tuple[LayerRow, ...]) -> None:
    """Write the assignments of weights that the spec gives as numbers."""
    types = {row.name: row.type for row in layers}
    for layer, arrays in given.items():
        # Values of an array may take many lines, so each array is a block of its own.
        for weight, numbers in arrays.items():
            owner = f"model.get_layer({literal(layer)})"
            way, _, own_name = weight.partition("_") if types[layer] == "Bidirectional" else ("", "", weight)
            if way:
                owner += f".{way}_layer"
            if types[layer] in {"Bidirectional", "SimpleRNN", "LSTM", "GRU"}:
                owner += ".cell"
            draft.network.assign("weights", nested(numbers))
            draft.network.add(f"{owner}.{own_name}.assign(weights)")


def write_transfer(draft: Draft, source: WeightsOfRun, layers: tuple[LayerRow, ...]) -> None:
    """Write the statements that copy weights from the saved network of another run, and what the header says of it."""
    draft.network.assign("WEIGHTS", literal(f"{source.run}.keras"))
    draft.needed_files.append(
        f"It starts from weights of run {source.run}. Download them to the file that WEIGHTS names: the run's "
        "model.keras, or initial_weights.keras of any run that started from it."
        f"\n\n    GET /v1/runs/{source.run}/artifacts/model.keras"
    )
    if source.sha256 is not None:
        draft.need("from hashlib import sha256", "from pathlib import Path")
        draft.network.add(f"WEIGHTS_SHA256 = {literal(source.sha256)}")
        draft.network.add(_CHECK)
    draft.network.add("learned = keras.saving.load_model(WEIGHTS, compile=False)")
    _write_loop(
        draft,
        find_transferred(source, layers),
        "model.get_layer(name).set_weights(learned.get_layer(name).get_weights())",
    )


def write_freezing(draft: Draft, layers: tuple[LayerRow, ...]) -> None:
    """Write the statements that freeze layers."""
    _write_loop(draft, [row.name for row in layers if row.is_frozen], "model.get_layer(name).trainable = False")


def _write_loop(draft: Draft, names: Iterable[str], statement: str) -> None:
    """Write a statement for each name of a layer."""
    listed = write(items(map(literal, names)), "for name in ", ":")
    draft.network.add(f"{listed}\n    {statement}")
