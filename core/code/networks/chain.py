"""The layers of a network in source, one after another: a `Sequential` network, or a graph with branches."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from core.code.draft import Draft
from core.code.source import Call, Code, call, items, literal, write
from core.networks.layer import BaseLayer
from core.specs.training import PrecisionName

Writer = Callable[["Chain", Any], None]
"""Writes the Keras layers of a spec."""


MOST_OF_A_LIST = 36
"""Characters of a list of tensors that fit beside the layer that merges them."""


class Chain:
    """Layers in the order in which models.networks.chain builds them, with the same names.

    Attributes:
        draft: The program.
        end: Expression of the tensor that the next layer reads.
        is_image: True while that tensor is an image, which a dense layer flattens.
        dtype: Keras's dtype policy for the next layers; None for that of the program.
        functions: Functions of the program that write convolutions, by their style.
        is_graph: True if layers are applied one by one, as branches need it; False for a list of layers.

    Args:
        draft: The program.
        precision: Precision of the computations.
        writers: Writers by the class of a layer's spec. A block writes its layers with them.
        is_graph: As the attribute.
    """

    def __init__(
        self, draft: Draft, precision: PrecisionName, writers: Mapping[type[BaseLayer], Writer], *, is_graph: bool
    ) -> None:
        self.draft = draft
        self.is_graph = is_graph
        self.precision = precision
        self.end = "inputs"
        self.is_image = False
        self.dtype: str | None = None
        self.functions: dict[str, str] = {}
        self._writers = writers
        self._counts: Counter[str] = Counter()
        self._layers: list[Code] = []
        self._lines: list[str] = []

    def name(self, kind: str) -> str:
        """Return the name of the next layer of this kind, such as `dense_1`."""
        self._counts[kind] += 1
        return f"{kind}_{self._counts[kind]}"

    def number(self, kind: str) -> int:
        """Return a number for a variable of this kind."""
        self._counts[f" {kind}"] += 1
        return self._counts[f" {kind}"]

    def write(self, specs: Iterable[BaseLayer]) -> None:
        """Write the layers of specs, one after the other.

        Raises:
            KeyError: If a class of specs has no writer.
        """
        for spec in specs:
            if type(spec) not in self._writers:
                raise KeyError(
                    f"{type(spec).__name__} has no source: add it to WRITERS in core/code/networks/layers.py"
                )
            self._writers[type(spec)](self, spec)

    def add(self, keras_class: str, /, *arguments: Code, name: Code, **keywords: Code | None) -> None:
        """Append a Keras layer; `name` is the expression of its name."""
        dtype = None if self.dtype is None else literal(self.dtype)
        self.append(call(f"layers.{keras_class}", *arguments, **keywords, name=name, dtype=dtype))

    def append(self, layer: Call) -> None:
        """Append the expression of a layer."""
        self._layers.append(layer)
        self.apply(layer, self.end)

    def apply(self, layer: Call, end: str) -> None:
        """Append a statement that applies a layer to an expression."""
        self._lines.append(write(layer, "x = ", f"({end})"))
        self.end = "x"

    def join(self, layer: Call, ends: Sequence[str]) -> None:
        """Append a statement that applies a layer to several expressions."""
        listed = f"[{', '.join(ends)}]"
        if len(listed) <= MOST_OF_A_LIST:
            self.apply(layer, listed)
        else:
            self._lines.append(write(items(ends), "merged = "))
            self.apply(layer, "merged")

    def call(self, function: Call) -> None:
        """Append a statement with the call of a function of the program, which takes and returns a tensor."""
        self._lines.append(write(function, "x = "))
        self.end = "x"

    def keep(self, kind: str) -> str:
        """Give the tensor at the end a name of its own, and return that."""
        variable = f"{kind}_{self.number(kind)}"
        if self.end == "x" and self._lines:
            # The statement that computed it assigns it.
            self._lines[-1] = variable + self._lines[-1].removeprefix("x")
        else:
            self._lines.append(f"{variable} = {self.end}")
        self.end = variable
        return variable

    def finish(self, shape: Code) -> list[str]:
        """Return the statements that build `model`.

        Args:
            shape: Expression of the shape of one input.
        """
        source = call("keras.Input", shape, name=literal("inputs"))
        if not self.is_graph:
            listed = call("keras.Sequential", items([source, *self._layers]), name=literal("network"))
            return [write(listed, "model = ")]
        model = call("keras.Model", "inputs", self.end, name=literal("network"))
        return [write(source, "inputs = "), *self._lines, write(model, "model = ")]
