"""Networks while they are put together."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from core.networks.layer import BaseLayer
from core.specs.training import PrecisionName
from models.runtime import keras

Builder = Callable[["Chain", Any], None]
"""Puts the Keras layers that a spec describes behind those of a chain."""


class Chain:
    """Layers behind one another, from any place on that there is: so branches grow side by side until they are joined.

    Layers are named by their kind and counted in order (`dense_2`), as core.networks.table names them: the names in a
    saved model then don't depend on what else the process has built.

    Attributes:
        end: The Keras tensor that the next layer reads. Set back to what it was, it lets another branch begin there.

    Args:
        input_shape: One sample, batch axis left out.
        seed: What the first weights and dropout of each layer follow from.
        dtype: Keras's dtype policy for the layers to come; the network's answers are float32 in any case.
        builders: By the class of a layer's spec. A block builds the layers within it through them.
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
        """The shape that reaches the next layer, batch axis left out."""
        return tuple(self.end.shape[1:])

    def name(self, kind: str) -> str:
        """Return the name of the next layer of this kind, such as `dense_1`."""
        self._counts[kind] += 1
        return f"{kind}_{self._counts[kind]}"

    def build(self, specs: Iterable[BaseLayer]) -> None:
        """Build the layers that specs describe, one behind the other.

        Raises:
            KeyError: For a class of specs that has no builder.
            ValueError: Keras's, where a layer cannot take the shape that reaches it; the table of layers says so first.
        """
        for spec in specs:
            if type(spec) not in self._builders:
                raise KeyError(f"{type(spec).__name__} has no builder: add it to BUILDERS in models/networks/layers.py")
            self._builders[type(spec)](self, spec)

    def build_branch(self, start: Any, specs: Iterable[BaseLayer]) -> Any:
        """Build layers that read a tensor of this chain, and return the tensor they end in."""
        self.end = start
        self.build(specs)
        return self.end

    def add(self, layer: Any) -> None:
        """Put a Keras layer behind those there are."""
        self.end = layer(self.end)

    def join(self, layer: Any, ends: Sequence[Any]) -> None:
        """Put a Keras layer behind several branches."""
        self.end = layer([*ends])

    def finish(self) -> Any:
        """Return the keras.Model of all layers."""
        if self.end.dtype != "float32":
            self.add(keras.layers.Activation("linear", dtype="float32", name=self.name("activation")))
        return keras.Model(self._inputs, self.end, name="network")
