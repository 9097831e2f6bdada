"""Convolutions over images, and zero padding, in source.

Convolutions that a network repeats, apart from their sizes, are calls of a function of the program.
"""

from collections import Counter
from collections.abc import Iterable

from core.code.networks.chain import Chain
from core.code.networks.layer import (
    add_dropout,
    normalization_of,
    own_activation,
    weights_of,
    write_normalization,
)
from core.code.networks.pooling import add_pooling
from core.code.source import Code, call, literal, write
from core.networks.blocks import list_stacks
from core.networks.convolution import Conv2DLayer
from core.networks.layer import BaseLayer

LEAST_REPEATS = 4
"""Convolutions of one style from which they are calls of a function."""


def write_convolution(chain: Chain, spec: Conv2DLayer) -> None:
    """Write the zero padding, the convolution and the layers after its weights."""
    if _style(spec) in chain.functions:
        _write_call(chain, spec, chain.functions[_style(spec)])
        return
    padding = spec.padding
    if not isinstance(padding, str):
        if any(padding):
            chain.add("ZeroPadding2D", literal(padding), name=literal(chain.name("zero_padding2d")))
        padding = "valid"
    name = literal(chain.name("conv2d"))
    sizes = (literal(spec.filters), literal(spec.kernel_size))
    chain.add("Conv2D", *sizes, **_arguments(spec, padding), **weights_of(chain, spec, name), name=name)
    write_normalization(chain, spec)
    if spec.pooling is not None:
        add_pooling(chain, spec.pooling)
    if spec.dropout:
        add_dropout(chain, spec.dropout)


def _arguments(spec: Conv2DLayer, padding: str, strides: Code | None = None) -> dict[str, Code | None]:
    return {
        "strides": strides or (None if spec.strides == (1, 1) else literal(spec.strides)),
        "padding": None if padding == "valid" else literal(padding),
        "dilation_rate": None if spec.dilation_rate == (1, 1) else literal(spec.dilation_rate),
        "groups": None if spec.groups == 1 else literal(spec.groups),
        "activation": own_activation(spec),
    }


def define_repeated(chain: Chain, layers: Iterable[BaseLayer]) -> None:
    """Define a function for each style of convolution that a network repeats; only a graph can call them."""
    styles = Counter(_style(spec) for spec in _list_convolutions(layers) if _is_plain(spec))
    examples = {_style(spec): spec for spec in _list_convolutions(layers)}
    repeated = [style for style, count in styles.items() if count >= LEAST_REPEATS]
    for number, style in enumerate(repeated, start=1):
        name = "convolve" if number == 1 else f"convolve_{number}"
        chain.draft.network.define(_write_function(chain, name, examples[style]))
        chain.functions[style] = name


def repeats_convolutions(layers: Iterable[BaseLayer]) -> bool:
    """Return True if a network repeats a style of convolution often enough for a function."""
    styles = Counter(_style(spec) for spec in _list_convolutions(layers) if _is_plain(spec))
    return max(styles.values(), default=0) >= LEAST_REPEATS


def _list_convolutions(layers: Iterable[BaseLayer]) -> list[Conv2DLayer]:
    found: list[Conv2DLayer] = []
    for layer in layers:
        if isinstance(layer, Conv2DLayer):
            found.append(layer)
        for stack in list_stacks(layer):
            found += _list_convolutions(stack)
    return found


def _is_plain(spec: Conv2DLayer) -> bool:
    """Return True if all layers of the convolution can be in a function: nothing else of them needs a name."""
    return isinstance(spec.padding, str) and spec.pooling is None and not spec.dropout


def _style(spec: Conv2DLayer) -> str:
    return spec.model_dump_json(exclude={"filters", "kernel_size", "strides"})


def _write_function(chain: Chain, function: str, spec: Conv2DLayer) -> str:
    arguments = _arguments(spec, str(spec.padding), strides="strides")
    weights = weights_of(chain, spec, "name")
    steps = [call("layers.Conv2D", "filters", "kernel_size", **arguments, **weights, name="name")]
    words = ["A convolution"]
    if spec.batch_normalization is not None:
        normalization = normalization_of(spec.batch_normalization)
        steps.append(call("layers.BatchNormalization", **normalization, name='f"{name}_normalization"'))
    if spec.normalizes_first:
        steps.append(call("layers.Activation", literal(spec.activation), name='f"{name}_activation"'))
    activation = [spec.activation] if spec.activation != "linear" else []
    normalization_word = ["batch normalisation"] if spec.batch_normalization is not None else []
    words += [*normalization_word, *activation] if spec.normalizes_first else [*activation, *normalization_word]
    *others, last = steps
    lines = [
        f"def {function}(x, name, filters, kernel_size, strides=(1, 1)):",
        f'    """{" → ".join(words)}."""',
        *(write(step, "x = ", "(x)", indent=4) for step in others),
        write(last, "return ", "(x)", indent=4),
    ]
    return "\n".join(lines)


def _write_call(chain: Chain, spec: Conv2DLayer, function: str) -> None:
    name = literal(chain.name("conv2d"))
    if spec.batch_normalization is not None:
        chain.name("batch_normalization")
    if spec.normalizes_first:
        chain.name("activation")
    strides = None if spec.strides == (1, 1) else literal(spec.strides)
    sizes = (literal(spec.filters), literal(spec.kernel_size))
    chain.call(call(function, chain.end, name, *sizes, strides=strides))
