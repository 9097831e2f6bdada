"""Fisher's irises."""

from typing import Literal

from core.datasets.base import Scaling
from core.datasets.splits import Split
from core.specs.base import SpecModel


class IrisDataset(SpecModel):
    """Fisher's 150 irises (1936): four lengths in centimetres, three species."""

    name: Literal["iris"]
    order: Literal["by_species", "interleaved"] = "by_species"
    """As published, 50 of each species in a row; or one of each species in turn, for a split without `shuffle`."""
    scaling: Scaling = "none"
    split: Split = Split()
