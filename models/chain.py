"""Networks whose layers follow one another."""

from collections import Counter
from typing import Any

from core.specs.training import PrecisionName
from models.runtime import keras


class Chain:
    """A network while it is put together.

    Layers are named by their kind and counted in order (`dense_2`), as core.layer_table names them: the names in a
    saved model then don't depend on what else the process has built.

    Args:
        input_shape: One sample, batch axis left out.
        seed: What the first weights and dropout of each layer follow from.
        dtype: Keras's dtype policy for the layers to come; the network's answers are float32 in any case.
    """

    def __init__(self, input_shape: tuple[int, ...], seed: int, dtype: PrecisionName = "float32") -> None:
        self.seed = seed
        self.dtype = dtype
        self._inputs = keras.Input(input_shape, name="inputs")
        self._outputs = self._inputs
        self._counts: Counter[str] = Counter()

    @property
    def shape(self) -> tuple[int, ...]:
        """What reaches the next layer, batch axis left out."""
        return tuple(self._outputs.shape[1:])

    def name(self, kind: str) -> str:
        """The name of the next layer of this kind, such as `dense`."""
        self._counts[kind] += 1
        return f"{kind}_{self._counts[kind]}"

    def add(self, layer: Any) -> None:
        """Put a Keras layer behind those there are."""
        self._outputs = layer(self._outputs)

    def finish(self) -> Any:
        """The keras.Model of all layers."""
        if self._outputs.dtype != "float32":
            self.add(keras.layers.Activation("linear", dtype="float32", name=self.name("activation")))
        return keras.Model(self._inputs, self._outputs, name="network")
