"""Blocks: layers that hold lists of layers, side by side."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from core.errors import reject_spec
from core.networks.layer import Activation, BaseLayer, tabulate_stack, write_layers
from core.networks.layer_table import LayerPlace, LayerTable, Shape
from core.specs.base import at_most

if TYPE_CHECKING:
    # The list of layers contains the blocks, so core/networks/layers.py resolves the names once they are defined.
    from core.networks.layers import CnnLayer

MAX_LAYERS = 1000
"""Layers of one network, including those within blocks."""

MAX_BLOCK_DEPTH = 4
"""Levels of nested blocks."""

MAX_BRANCHES = 32

MAX_CHANNELS = 2**31 - 1
"""The same limit as for a layer's units. Without it nested branches could multiply the channels without end."""


class ParallelBlock(BaseLayer):
    """Branches that read the same input; their outputs are concatenated along the channels (`Concatenate`)."""

    type: Literal["parallel"]
    branches: Annotated[
        tuple[tuple["CnnLayer", ...], ...], Field(min_length=2, max_length=MAX_BRANCHES), at_most(MAX_BRANCHES)
    ]
    """Each branch is a list of layers; an empty branch passes its input on."""

    def tabulate(self, table: LayerTable, place: LayerPlace) -> None:
        """Add the rows of all branches and of Concatenate."""
        start = table.shape
        ends: list[Shape] = []
        for number, branch in enumerate(self.branches):
            branch_place = place.inside(f"branch {number}", f"branches/{number}")
            end = tabulate_stack(table, start, branch, branch_place)
            ends.append(end)
            if len(end) != len(ends[0]) or end[:-1] != ends[0][:-1]:
                reject_spec(
                    branch_place.pointer,
                    f"{place}: the output of branch {number} has shape {end}, that of branch 0 {ends[0]}. Only the "
                    "last number, the channels, may differ. Use padding 'same' and equal strides in all branches.",
                )
        num_channels = sum(end[-1] for end in ends)
        if num_channels > MAX_CHANNELS:
            reject_spec(
                place.at("branches"),
                f"{place}: its branches have {num_channels:,} channels together; at most {MAX_CHANNELS:,} fit. "
                "Use fewer branches, filters or units.",
            )
        table.add("Concatenate", (*ends[0][:-1], num_channels))

    def write_down(self) -> dict[str, Any]:
        """Return the JSON of the block, its layers without default values."""
        return super().write_down() | {"branches": [write_layers(branch) for branch in self.branches]}


class ResidualBlock(BaseLayer):
    """Layers whose output is added to their input (He et al., 2015)."""

    type: Literal["residual"]
    layers: Annotated[tuple["CnnLayer", ...], Field(min_length=1)]
    shortcut: tuple["CnnLayer", ...] = ()
    """An empty shortcut passes the input on. Its output must have the same shape as that of `layers`."""
    activation: Activation = "relu"
    """Activation after the addition."""

    def tabulate(self, table: LayerTable, place: LayerPlace) -> None:
        """Add the rows of the layers, the shortcut, Add and the activation."""
        start = table.shape
        end = tabulate_stack(table, start, self.layers, place.inside("the layers", "layers"))
        shortcut_place = place.inside("the shortcut", "shortcut")
        around = tabulate_stack(table, start, self.shortcut, shortcut_place)
        if around != end:
            reject_spec(
                shortcut_place.pointer,
                f"{place}: the output of its layers has shape {end}, that of its shortcut {around}. Only equal shapes "
                "can be added. Use a 1×1 convolution with as many filters and the same strides as the shortcut, or "
                "padding 'same'.",
            )
        table.add_elementwise("Add")
        if self.activation != "linear":
            table.add_elementwise("Activation")

    def write_down(self) -> dict[str, Any]:
        """Return the JSON of the block, its layers without default values."""
        stacks = {"layers": write_layers(self.layers), "shortcut": write_layers(self.shortcut)}
        return super().write_down() | stacks


def check_blocks(layers: Any) -> Any:
    """Reject lists of layers that are too long or nested too deeply, before the layers themselves are validated.

    Raises:
        ValueError: For more than MAX_LAYERS layers, or blocks deeper than MAX_BLOCK_DEPTH.
    """
    num_layers, level = 0, [layers]
    for _ in range(MAX_BLOCK_DEPTH + 1):
        here = [layer for stack in level if isinstance(stack, list | tuple) for layer in stack]
        num_layers += len(here)
        if num_layers > MAX_LAYERS:
            raise ValueError(f"A network may have at most {MAX_LAYERS} layers, including those in blocks; use fewer")
        level = [stack for layer in here for stack in list_stacks(layer)]
        if not level:
            return layers
    raise ValueError(f"Blocks may be nested at most {MAX_BLOCK_DEPTH} deep; remove the innermost")


def list_stacks(layer: Any) -> list[Any]:
    """Return the lists of layers within a block, which is JSON or a spec; none for other layers."""
    if isinstance(layer, ParallelBlock):
        return [*layer.branches]
    if isinstance(layer, ResidualBlock):
        return [layer.layers, layer.shortcut]
    if not isinstance(layer, dict):
        return []
    branches = layer.get("branches", ())
    stacks = [*branches] if isinstance(branches, list | tuple) else []
    return stacks + [layer[field] for field in ("layers", "shortcut") if field in layer]
