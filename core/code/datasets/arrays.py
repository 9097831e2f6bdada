"""Samples from uploaded arrays, in source."""

from core.code.datasets.base import Loaded, SourceContext, require_upload
from core.code.datasets.splits import write_split
from core.code.draft import Draft
from core.code.preparation.scaling import write_factor, write_scaling
from core.code.source import items, literal, subscript
from core.code.uploads.arrays import write_arrays
from core.datasets.arrays import ArraysDataset, ArraysShape, ChosenArrays
from core.datasets.augmentation import Augmentation
from core.datasets.shape import GREATEST_BYTE

LARGEST_EXACT = 2**53


def write(draft: Draft, dataset: ArraysDataset, context: SourceContext) -> Loaded:
    """Read and split uploaded arrays."""
    shape = context.shape
    assert isinstance(shape, ArraysShape)  # noqa: S101 - what ArraysDataset.shape returns.
    write_arrays(draft, require_upload(context))
    chosen = shape.arrays
    _assign(draft, context, chosen)
    given = [] if chosen.test_inputs is None else ["test"]
    loaded = write_split(draft, dataset.split, context, given=given)
    is_bytes = chosen.inputs.dtype == "uint8"
    if dataset.scaling == "none":
        factor = GREATEST_BYTE if dataset.rescale and is_bytes else 1
        return write_factor(draft, loaded, factor, Augmentation())
    if max(abs(chosen.inputs.least or 0), abs(chosen.inputs.greatest or 0)) > LARGEST_EXACT:
        draft.differences.append("Whole numbers above 2^53 lose digits, because the program scales them as floats.")
    write_scaling(draft, dataset.scaling, loaded)
    return loaded


def _assign(draft: Draft, context: SourceContext, chosen: ChosenArrays) -> None:
    shape = context.shape
    if shape.class_labels:
        draft.data.assign("CLASSES", items(map(literal, shape.class_labels)))
    pairs = [("inputs", "targets", chosen.inputs.name, chosen.targets.name)]
    if chosen.test_inputs is not None and chosen.test_targets is not None:
        pairs.append(("x_test", "y_test", chosen.test_inputs.name, chosen.test_targets.name))
    for inputs, targets, inputs_name, targets_name in pairs:
        column = chosen.target_column
        if column is not None:
            draft.data.assign("table", subscript("arrays", inputs_name))
            draft.data.add(
                f"kept = [n for n in range(table.shape[1]) if n != {column}]",
                f"{inputs}, {targets} = table[:, kept], table[:, [{column}]]",
            )
            continue
        draft.data.assign(inputs, subscript("arrays", inputs_name))
        draft.data.assign(targets, subscript("arrays", targets_name))
        if shape.class_labels:
            draft.data.add(f"{targets} = np.searchsorted(CLASSES, {targets})")
        else:
            draft.data.add(f"{targets} = {targets}.reshape(-1, {', '.join(map(str, shape.target_shape))})")
