"""Fisher's iris dataset in source, from scikit-learn's files."""

from core.code.datasets.base import Loaded, SourceContext
from core.code.datasets.splits import write_split
from core.code.draft import Draft
from core.code.preparation.scaling import write_scaling
from core.code.source import literal
from core.datasets.iris import SPECIES, IrisDataset


def write(draft: Draft, dataset: IrisDataset, context: SourceContext) -> Loaded:
    """Load 150 irises: four lengths in centimetres, three species."""
    draft.need("import numpy as np", "from sklearn.datasets import load_iris")
    draft.need_package("scikit-learn")
    draft.data.add(
        "irises = load_iris()",
        "inputs, targets = irises.data, irises.target",
        f"CLASSES = {literal(list(SPECIES))}",
    )
    if dataset.order == "interleaved":
        draft.data.add(
            "# One of each species in turn, instead of 50 of each in a row.",
            "order = np.arange(len(inputs)).reshape(len(CLASSES), -1).T.ravel()",
            "inputs, targets = inputs[order], targets[order]",
        )
    loaded = write_split(draft, dataset.split, context)
    write_scaling(draft, dataset.scaling, loaded)
    return loaded
