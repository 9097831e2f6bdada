"""Names of layers in a spec: as a dry run lists them, or the beginning of several."""

from typing import Annotated

from pydantic import Field

from core.specs.base import at_most

MOST_NAMES = 1_000
"""Most names in a list; a network of a spec has fewer layers."""

ANY_END = "*"
"""Stands at the end of a name for any characters, also for none."""

LayerName = Annotated[str, Field(min_length=1, max_length=64, examples=["conv2d_1"])]

LayerNames = Annotated[
    tuple[LayerName, ...], Field(max_length=MOST_NAMES, examples=[["conv2d_1", "dense_*"]]), at_most(MOST_NAMES)
]
"""Layers by name; `conv2d_*` stands for all whose names begin with `conv2d_`."""
