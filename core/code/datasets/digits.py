"""Small handwritten digits in source, from scikit-learn's own files."""

from core.code.datasets.base import Loaded, SourceContext
from core.code.datasets.splits import write_split
from core.code.draft import Draft
from core.code.preparation.scaling import write_factor
from core.code.source import literal
from core.datasets.digits import DIGIT_LABELS, GREATEST_PIXEL, DigitsDataset


def write(draft: Draft, dataset: DigitsDataset, context: SourceContext) -> Loaded:
    """Load 1,797 digits of 8×8 pixels, from 0 to 16."""
    draft.need("from sklearn.datasets import load_digits")
    draft.need_package("scikit-learn")
    draft.data.add(
        "digits = load_digits()",
        "inputs, targets = digits.images, digits.target",
        f"CLASSES = {literal(list(DIGIT_LABELS))}",
    )
    loaded = write_split(draft, dataset.split, context)
    return write_factor(draft, loaded, GREATEST_PIXEL if dataset.rescale else 1, dataset.augmentation)
