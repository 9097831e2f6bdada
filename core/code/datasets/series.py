"""Windows of the rows of an uploaded table, in source."""

from core.code.datasets.base import Loaded, SourceContext, require_upload
from core.code.datasets.table import read_columns, warn_of_size, write_given, write_number_targets
from core.code.draft import Draft
from core.code.preparation.table import write_features
from core.code.source import literal, subscript
from core.datasets.features import TableShape
from core.datasets.series import SeriesDataset
from core.datasets.splits import Split
from core.uploads.description import TableDescription

_FIND = '''
def find_windows(groups):
    """Return the first rows of the windows of each series; a window needs all of its targets."""
    span = WINDOW + HORIZON
    missing = np.concatenate([[0], np.cumsum(~is_known)])
    borders = [n for n in range(len(groups)) if n == 0 or groups[n] != groups[n - 1]]
    found = []
    for first, end in zip(borders, [*borders[1:], len(groups)]):
        starts = np.arange(first, max(first, end - span + 1))
        first_target = starts + {first_target}
        found.append(starts[missing[starts + span] == missing[first_target]])
    return found
'''

_SHARE_OUT = '''
def share_out(count, sizes):
    """Divide `count` in proportion to the sizes; the largest remainders are rounded up."""
    shares = sizes * count / max(1, sizes.sum())
    takes = np.floor(shares).astype(int)
    takes[np.argsort(takes - shares, kind="stable")[: count - takes.sum()]] += 1
    return takes
'''

_BY_TIME = '''
def divide_by_time(series):
    """Return the split of each row: in each series the last targets are for test."""
    sizes = np.array([len(starts) for starts in series])
    total = sizes.sum()
    num_test = {num_test}
    num_validation = {num_validation}
    tests = share_out(num_test, sizes)
    validations = share_out(num_validation, sizes - tests)
    part_of = np.full(len(rows), "train", dtype="<U10")
    for starts, size, test, validation in zip(series, sizes, tests, validations):
        ends = starts + WINDOW + HORIZON - 1
        num_train = size - test - validation
        if validation:
            part_of[ends[num_train] : ends[-1] + 1] = "validation"
        if test:
            part_of[ends[size - test] : ends[-1] + 1] = "test"
    return part_of
'''

_CHOOSE = '''
def choose_windows(part):
    """Return the windows of a split, by that of their last target.

    None of their rows belongs to a later split.
    """
    parts = ["train", "validation", "test"]
    places = np.array([parts.index(one) for one in part_of])
    later = np.concatenate([[0], np.cumsum(places > parts.index(part))])
    starts = np.concatenate(series)
    ends = starts + WINDOW + HORIZON
    is_chosen = (part_of[ends - 1] == part) & (later[ends] == later[starts])
    return starts[is_chosen]
'''

_CUT = '''
def cut(values, starts, length):
    """Return the windows of rows from each start."""
    return values[starts[:, None] + np.arange(length)]
'''


def write(draft: Draft, dataset: SeriesDataset, context: SourceContext) -> Loaded:
    """Cut windows from a table, and fit the preparation on the rows of training windows."""
    shape, upload = context.shape, require_upload(context)
    description = upload.file.description
    assert isinstance(shape, TableShape)  # noqa: S101 - what SeriesDataset.shape returns.
    assert isinstance(description, TableDescription)  # noqa: S101 - SeriesDataset.shape has checked it.
    order_by = [name for name in (dataset.group_by, dataset.sorted_by) if name is not None]
    split = dataset.split
    names = [*shape.features.names, dataset.target, *([split.column] if split.column else []), *order_by]
    read_columns(draft, context, names, order_by)
    write_number_targets(draft, dataset.target, description)
    is_every_step = dataset.targets == "every_step"
    draft.data.add(f"WINDOW, HORIZON = {dataset.window}, {dataset.horizon}")
    draft.data.define(_FIND.replace("{first_target}", "HORIZON" if is_every_step else "span - 1"))
    draft.data.assign(
        "groups", "[0] * len(rows)" if dataset.group_by is None else subscript("columns", dataset.group_by)
    )
    draft.data.add("series = find_windows(groups)")
    given = write_given(draft, split, description)
    if not given:
        _write_time_split(draft, split)
    parts = [part for part in context.parts if not given or part in given]
    draft.data.define(_CHOOSE)
    draft.data.add(*(f"{part} = choose_windows({literal(part)})" for part in parts))
    draft.data.define(_CUT)
    draft.preparation.add(
        "# Whatever is fitted is fitted on the rows of training windows.",
        "fit_rows = np.unique(cut(np.arange(len(rows)), train, WINDOW))",
    )
    write_features(draft, shape.features.columns, shape.embeddings)
    draft.preparation.add(*(f"x_{part} = cut(inputs, {part}, WINDOW)" for part in parts))
    target = (
        "cut(targets, {part} + HORIZON, WINDOW)[..., None]"
        if is_every_step
        else "targets[{part} + WINDOW + HORIZON - 1, None]"
    )
    draft.preparation.add(*(f"y_{part} = {target.format(part=part)}" for part in parts))
    warn_of_size(draft, description, shape)
    return Loaded(tuple(parts))


def _write_time_split(draft: Draft, split: Split) -> None:
    draft.data.define(_SHARE_OUT)
    source = _BY_TIME.replace("{num_test}", _count(split.test, "total"))
    draft.data.define(source.replace("{num_validation}", _count(split.validation, "(total - num_test)")))
    draft.data.add("part_of = divide_by_time(series)")


def _count(share_or_count: float, total: str) -> str:
    return f"round({literal(share_or_count)} * {total})" if share_or_count < 1 else str(int(share_or_count))
