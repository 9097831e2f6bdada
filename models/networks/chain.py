"""Construction of a network, layer by layer."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from core.networks.layer import BaseLayer
from core.specs.training import PrecisionName
from models.runtime import keras

Builder = Callable[["Chain", Any], None]
"""Appends the Keras layers of a spec to a chain."""


class Chain:
    """Consecutive layers, starting from any tensor, so that branches can be built one after another and then merged.

    Layers are named by their kind and numbered in order (`dense_2`), as in core.networks.layer_table, so that the names
    in a saved model do not depend on what else the process has built.

    Attributes:
        end: Keras tensor that the next layer reads. Set it back to begin another branch.

    Args:
        input_shape: Shape of one sample, without the batch axis.
        seed: Seed from which the seeds of each layer's initial weights and dropout are derived.
        dtype: Keras's dtype policy for the next layers; the network's outputs are always float32.
        builders: Builders by the class of a layer's spec. A block builds its layers with them.
    """

    def __init__(
        self,
        input_shape: tuple[int, ...],
        seed: int,
        dtype: PrecisionName,
        builders: Mapping[type[BaseLayer], Builder],
    ) -> None:
        self.seed = seed
        self.dtype = dtype
        self._builders = builders
        self._inputs = keras.Input(input_shape, name="inputs")
        self.end = self._inputs
        self._counts: Counter[str] = Counter()

    @property
    def shape(self) -> tuple[int, ...]:
        """Input shape of the next layer, without the batch axis."""
        return tuple(self.end.shape[1:])

    def name(self, kind: str) -> str:
        """Return the name of the next layer of this kind, such as `dense_1`."""
        self._counts[kind] += 1
        return f"{kind}_{self._counts[kind]}"

    def build(self, specs: Iterable[BaseLayer]) -> None:
        """Build the layers of specs, one after the other.

        Raises:
            KeyError: If a class of specs has no builder.
            ValueError: From Keras, if a layer cannot take its input; the layer table reports that earlier.
        """
        for spec in specs:
            if type(spec) not in self._builders:
                raise KeyError(f"{type(spec).__name__} has no builder: add it to BUILDERS in models/networks/layers.py")
            self._builders[type(spec)](self, spec)

    def build_branch(self, start: Any, specs: Iterable[BaseLayer]) -> Any:
        """Build layers that read a tensor of this chain, and return the output tensor."""
        self.end = start
        self.build(specs)
        return self.end

    def add(self, layer: Any) -> None:
        """Append a Keras layer."""
        self.end = layer(self.end)

    def join(self, layer: Any, ends: Sequence[Any]) -> None:
        """Append a Keras layer that merges several branches."""
        self.end = layer([*ends])

    def finish(self) -> Any:
        """Return the keras.Model of all layers."""
        if self.end.dtype != "float32":
            self.add(keras.layers.Activation("linear", dtype="float32", name=self.name("activation")))
        return keras.Model(self._inputs, self.end, name="network")
