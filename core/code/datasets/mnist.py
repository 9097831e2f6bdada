"""LeCun's handwritten digits in source, from uploaded arrays."""

from core.code.datasets.base import Loaded, SourceContext, require_upload
from core.code.datasets.splits import write_split
from core.code.draft import Draft
from core.code.preparation.scaling import write_factor
from core.code.source import literal
from core.code.uploads.arrays import write_arrays
from core.datasets.arrays import ArraysShape
from core.datasets.digits import DIGIT_LABELS
from core.datasets.mnist import MnistDataset
from core.datasets.shape import GREATEST_BYTE


def write(draft: Draft, dataset: MnistDataset, context: SourceContext) -> Loaded:
    """Read as many of the images as the spec asks for, and hold some of the training ones out for validation."""
    shape = context.shape
    assert isinstance(shape, ArraysShape)  # noqa: S101 - what MnistDataset.shape returns.
    write_arrays(draft, require_upload(context))
    chosen = shape.arrays
    most_train = _first(dataset.max_train_samples, chosen.inputs.shape[0])
    draft.data.add(
        f"CLASSES = {literal(list(DIGIT_LABELS))}",
        f"inputs = arrays[{literal(chosen.inputs.name)}]{most_train}",
        f"targets = arrays[{literal(chosen.targets.name)}]{most_train}",
        "targets = targets.astype(int)",
    )
    if chosen.test_inputs is not None and chosen.test_targets is not None:
        most_test = _first(dataset.max_test_samples, chosen.test_inputs.shape[0])
        draft.data.add(
            f"x_test = arrays[{literal(chosen.test_inputs.name)}]{most_test}",
            f"y_test = arrays[{literal(chosen.test_targets.name)}]{most_test}",
            "y_test = y_test.astype(int)",
        )
    loaded = write_split(draft, dataset.split, context, given=["test"])
    return write_factor(draft, loaded, GREATEST_BYTE if dataset.rescale else 1, dataset.augmentation)


def _first(most: int, number: int) -> str:
    return f"[:{most}]" if most < number else ""
