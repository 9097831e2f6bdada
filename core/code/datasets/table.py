"""Samples from the rows of an uploaded table, in source."""

from collections.abc import Sequence

from core.code.datasets.base import Loaded, SourceContext, require_upload
from core.code.datasets.splits import write_rows
from core.code.draft import Draft
from core.code.preparation.table import write_features
from core.code.source import Items, call, items, literal, subscript
from core.code.uploads.tables import write_table
from core.code.uploads.values import write_values
from core.datasets.features import TableShape
from core.datasets.table import TableDataset
from core.datasets.table_split import SPLIT_WORDS, TableSplit, without_given
from core.specs.base import FLOAT32_MAX
from core.uploads.description import TableDescription

LARGEST_EXACT = 2**53

NUMBERS_SEEN_AT_ONCE = 1 << 24
"""As models.preparation.table_fitting has it: of larger tables medians are fitted on a part of the rows."""

_SORT = '''
def sort_rows(*names):
    """Sort the rows of all columns; those without a value come last."""
    keys = [[(value is None, value) for value in columns[name]] for name in names]
    order = sorted(range(len(rows)), key=lambda row: [key[row] for key in keys])
    for name, values in columns.items():
        columns[name] = [values[row] for row in order]
    return order
'''


def write(draft: Draft, dataset: TableDataset, context: SourceContext) -> Loaded:
    """Read, split and encode a table, and fit its preparation on the training rows."""
    shape, upload = context.shape, require_upload(context)
    description = upload.file.description
    assert isinstance(shape, TableShape)  # noqa: S101 - what TableDataset.shape returns.
    assert isinstance(description, TableDescription)  # noqa: S101 - TableDataset.shape has checked it.
    split = dataset.split
    order_by = [] if split.order_by is None else [split.order_by]
    names = [*shape.features.names, dataset.target, *([split.column] if split.column else []), *order_by]
    read_columns(draft, context, names, order_by)
    _write_targets(draft, dataset, shape, description)
    parts = _write_parts(draft, split, context, description)
    draft.preparation.add("fit_rows = train")
    write_features(draft, shape.features.columns, shape.embeddings)
    draft.preparation.add(*(f"x_{part}, y_{part} = inputs[{part}], targets[{part}]" for part in parts))
    warn_of_size(draft, description, shape)
    return Loaded(tuple(parts))


def read_columns(draft: Draft, context: SourceContext, names: Sequence[str], order_by: Sequence[str]) -> None:
    """Read columns of the upload, sorted by some of them."""
    upload = require_upload(context)
    description = upload.file.description
    assert isinstance(description, TableDescription)  # noqa: S101 - the dataset's shape has checked it.
    write_table(draft, upload, list(names))
    write_values(draft, description, list(names))
    if not order_by:
        return
    draft.data.define(_SORT)
    draft.data.assign("order", call("sort_rows", *map(literal, order_by)))
    if description.splits:
        draft.data.add("splits = [splits[row] for row in order]")


def _write_targets(draft: Draft, dataset: TableDataset, shape: TableShape, description: TableDescription) -> None:
    """Assign `targets`, and `rows`, the numbers of the rows that have one."""
    draft.need("import numpy as np")
    if not shape.class_labels:
        write_number_targets(draft, dataset.target, description)
        draft.data.add("known = np.flatnonzero(is_known)", "targets = targets[:, None]")
        return
    draft.data.assign("CLASSES", items(map(literal, shape.class_labels)))
    draft.data.assign("values", subscript("columns", dataset.target))
    draft.data.add(
        "class_numbers = {label: number for number, label in enumerate(CLASSES)}",
        "targets = np.array([class_numbers.get(value, -1) for value in values])",
        "known = np.flatnonzero(targets >= 0)",
    )


def write_number_targets(draft: Draft, target: str, description: TableDescription) -> None:
    """Assign `targets` (rows,) and `is_known`, which is False where there is none that float32 can hold."""
    draft.need("import numpy as np")
    column = description.column(target)
    draft.data.assign("values", subscript("columns", target))
    draft.data.add(
        "targets = np.array([np.nan if value is None else value for value in values], float)",
        f"is_known = np.abs(targets) <= {literal(FLOAT32_MAX)}",
    )
    ends = [end for end in (column.least, column.greatest) if isinstance(end, int)] if column else []
    if any(abs(end) > LARGEST_EXACT for end in ends):
        draft.differences.append("Targets above 2^53 lose digits, because the program reads them as floats.")


def _write_parts(draft: Draft, split: TableSplit, context: SourceContext, description: TableDescription) -> list[str]:
    """Assign the rows of each part, and return the names of those that there are."""
    given = write_given(draft, split, description)
    if not given:
        parts = list(context.parts)
        write_rows(draft, split, parts, rows="known")
        if len(parts) == 1:
            draft.data.add("train = known")
        return parts
    parts = [part for part in ("train", "validation", "test") if part in given]
    draft.data.add(*(f"{part} = known[part_of[known] == {literal(part)}]" for part in parts))
    if split.column is not None:
        return parts
    own, _ = without_given(split, "test" in given, "validation" in given)
    more = [part for part in ("validation", "test") if part not in given and getattr(own, part)]
    write_rows(draft, own, more, rows="train")
    return [part for part in ("train", "validation", "test") if part in {*parts, *more}]


def write_given(draft: Draft, split: TableSplit, description: TableDescription) -> tuple[str, ...]:
    """Assign `part_of`, the split of each row that the table itself has, and return the names of those splits."""
    if split.column is not None:
        draft.need("import numpy as np")
        column = description.column(split.column)
        words = {word: part for word, part in SPLIT_WORDS.items() if word != part}
        draft.data.assign("words", Items(tuple(map(literal, words.values())), tuple(map(literal, words))))
        draft.data.assign("given", subscript("columns", split.column))
        draft.data.add(
            "given = [str(value).strip().lower() for value in given]",
            "part_of = np.array([words.get(word, word) for word in given])",
        )
        found = {SPLIT_WORDS[entry.value.strip().lower()] for entry in (column.values if column else ())}
        return tuple(part for part in ("train", "validation", "test") if part in found)
    if not description.splits:
        return ()
    draft.data.add("part_of = np.array(splits)")
    return tuple(part for part in ("train", "validation", "test") if description.splits.get(part))


def warn_of_size(draft: Draft, description: TableDescription, shape: TableShape) -> None:
    """Note that the run has fitted medians on a part of the rows, if it has."""
    if description.num_rows * shape.features.encoded_width > NUMBERS_SEEN_AT_ONCE:
        draft.differences.append(
            "The run has fitted medians and most frequent values on a part of the rows; the program fits them on all."
        )
