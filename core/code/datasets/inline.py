"""Samples in the spec itself, in source."""

from core.code.datasets.base import Loaded, SourceContext
from core.code.datasets.splits import write_split
from core.code.draft import Draft
from core.code.preparation.scaling import write_scaling
from core.code.source import Code, call, items, literal, nested
from core.datasets.inline import InlineDataset

MOST_ROWS_LISTED = 20
"""Rows up to which they are lists; more are a text of one line each, which takes less room."""


def write(draft: Draft, dataset: InlineDataset, context: SourceContext) -> Loaded:
    """Read the rows."""
    draft.need("import numpy as np")
    is_class = dataset.class_labels is not None
    reshaped = "" if dataset.input_shape is None else f".reshape(-1, {', '.join(map(str, dataset.input_shape))})"
    _assign_rows(draft, "inputs", dataset.inputs)
    _assign_rows(draft, "targets", dataset.targets)
    if reshaped:
        draft.data.add(f"inputs = inputs{reshaped}")
    if is_class:
        draft.data.add("targets = targets[:, 0].astype(int)")
        draft.data.assign("CLASSES", items(map(literal, dataset.class_labels or ())))
    if dataset.sample_weight is not None:
        draft.data.assign("weights", _array(items(map(literal, dataset.sample_weight)), dtype=literal("float32")))
    loaded = write_split(draft, dataset.split, context, is_weighted=dataset.sample_weight is not None)
    write_scaling(draft, dataset.scaling, loaded)
    return loaded


def _assign_rows(draft: Draft, name: str, rows: tuple[tuple[float, ...], ...]) -> None:
    if len(rows) <= MOST_ROWS_LISTED:
        draft.data.assign(name, _array(nested(rows), dtype=literal("float64")))
        return
    lines = [",".join(map(literal, row)) for row in rows]
    draft.data.add('text = """\\', *lines, '"""', f'{name} = np.loadtxt(text.splitlines(), delimiter=",", ndmin=2)')


def _array(code: Code, dtype: Code) -> Code:
    return call("np.array", code, dtype=dtype)
