"""Networks while they are put together."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from core.specs.training import PrecisionName
from models.runtime import keras


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
    """

    def __init__(self, input_shape: tuple[int, ...], seed: int, dtype: PrecisionName = "float32") -> None:
        self.seed = seed
        self.dtype = dtype
        self._inputs = keras.Input(input_shape, name="inputs")
        self.end = self._inputs
        self._counts: Counter[str] = Counter()

    @property
    def shape(self) -> tuple[int, ...]:
        """What reaches the next layer, batch axis left out."""
        return tuple(self.end.shape[1:])

    def name(self, kind: str) -> str:
        """The name of the next layer of this kind, such as `dense`."""
        self._counts[kind] += 1
        return f"{kind}_{self._counts[kind]}"

    def add(self, layer: Any) -> None:
        """Put a Keras layer behind those there are."""
        self.end = layer(self.end)

    def join(self, layer: Any, ends: Sequence[Any]) -> None:
        """Put a Keras layer behind several branches."""
        self.end = layer([*ends])

    def finish(self) -> Any:
        """The keras.Model of all layers."""
        if self.end.dtype != "float32":
            self.add(keras.layers.Activation("linear", dtype="float32", name=self.name("activation")))
        return keras.Model(self._inputs, self.end, name="network")
