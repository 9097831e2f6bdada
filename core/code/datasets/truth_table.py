"""Logical operations on two inputs, in source."""

from core.code.datasets.base import Loaded, SourceContext
from core.code.datasets.splits import write_split
from core.code.draft import Draft
from core.code.preparation.scaling import write_scaling
from core.datasets.truth_table import TruthTableDataset

ANSWERS = {"or": "a | b", "and": "a & b", "xor": "a ^ b", "nand": "1 - (a & b)", "nor": "1 - (a | b)"}
"""Expressions of the operations."""


def write(draft: Draft, dataset: TruthTableDataset, context: SourceContext) -> Loaded:
    """Repeat the rows (0,0), (0,1), (1,0), (1,1)."""
    draft.need("import numpy as np")
    repeated = "[(0, 0), (0, 1), (1, 0), (1, 1)]" + (f" * {dataset.repeats}" if dataset.repeats > 1 else "")
    draft.data.add(
        f"inputs = np.array({repeated})",
        f"targets = np.array([{ANSWERS[dataset.operation]} for a, b in inputs])",
        "CLASSES = [0, 1]",
    )
    loaded = write_split(draft, dataset.split, context)
    write_scaling(draft, "none", loaded)
    return loaded
