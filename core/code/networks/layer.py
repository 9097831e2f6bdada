"""Weights, activation, batch normalisation and dropout in source, which several layers share."""

from core.code.networks.chain import Chain
from core.code.networks.weights import write_bias, write_initializer, write_regularizer
from core.code.seeds import define_seed_of
from core.code.source import Code, call, literal
from core.networks.layer import Activation, BatchNormalization, DropoutLayer, WeightedLayer


def weights_of(chain: Chain, spec: WeightedLayer, name: Code) -> dict[str, Code | None]:
    """Return Keras's arguments for the kernel and bias of the layer with this name; None for its defaults."""
    return {
        "use_bias": None if spec.use_bias else "False",
        "kernel_initializer": write_initializer(chain.draft, spec.kernel_initializer, name, "kernel"),
        "bias_initializer": write_bias(chain.draft, spec.bias_initializer, name),
        "kernel_regularizer": write_regularizer(chain.draft, spec.kernel_regularizer),
        "bias_regularizer": write_regularizer(chain.draft, spec.bias_regularizer),
    }


def own_activation(spec: WeightedLayer) -> Code | None:
    """Return the activation that the Keras layer computes itself; None for none, or if a normalisation precedes it."""
    return None if spec.normalizes_first or spec.activation == "linear" else literal(spec.activation)


def write_normalization(chain: Chain, spec: WeightedLayer) -> None:
    """Write the batch normalisation of a layer, and the activation if it is a separate layer."""
    if spec.batch_normalization is not None:
        name = literal(chain.name("batch_normalization"))
        chain.add("BatchNormalization", name=name, **normalization_of(spec.batch_normalization))
    if spec.normalizes_first:
        write_activation(chain, spec.activation)


def normalization_of(spec: BatchNormalization) -> dict[str, Code | None]:
    """Return Keras's arguments of a batch normalisation; None for its defaults."""
    return {
        "momentum": literal(spec.momentum),
        "epsilon": literal(spec.epsilon),
        "center": None if spec.center else "False",
        "scale": None if spec.scale else "False",
    }


def write_activation(chain: Chain, activation: Activation) -> None:
    """Write an activation as a separate layer."""
    chain.add("Activation", literal(activation), name=literal(chain.name("activation")))


def write_dropout(chain: Chain, spec: DropoutLayer) -> None:
    """Write a dropout layer."""
    add_dropout(chain, spec.rate)


def add_dropout(chain: Chain, rate: float) -> None:
    """Write dropout, with the masks of the run."""
    define_seed_of(chain.draft)
    name = literal(chain.name("dropout"))
    chain.add("Dropout", literal(rate), seed=call("seed_of", name, literal("mask")), name=name)
