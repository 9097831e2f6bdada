"""Division of samples into training, validation and test, in source: the rows of models/datasets/splits.py."""

from collections.abc import Iterable

from core.code.datasets.base import Loaded, SourceContext
from core.code.draft import Draft
from core.code.seeds import define_random_generator
from core.code.source import literal
from core.datasets.splits import Split

_AT_RANDOM = '''
def hold_out(rows, count, part):
    """Divide rows into those that stay and `count` drawn at random, both in order."""
    drawn = random_generator("split", part).choice(rows, count, replace=False)
    is_held_out = np.isin(rows, drawn)
    return rows[~is_held_out], rows[is_held_out]
'''

_THE_LAST = '''
def hold_out(rows, count):
    """Divide rows into those that stay and the last `count`."""
    return rows[: len(rows) - count], rows[len(rows) - count :]
'''

_OF_EVERY_CLASS = '''
def hold_out(rows, count, part):
    """Divide rows into those that stay and `count` of them, as large a part of every class."""
    drawn = draw_from_classes(rows, count, {random})
    is_held_out = np.isin(rows, drawn)
    return rows[~is_held_out], rows[is_held_out]
'''

DRAW_FROM_CLASSES = '''
def draw_from_classes(rows, count, random):
    """Choose `count` rows, the same part of every class; the largest remainders are rounded up."""
    classes, sizes = np.unique(targets[rows], return_counts=True)
    shares = sizes * count / len(rows)
    takes = np.floor(shares).astype(int)
    takes[np.argsort(takes - shares, kind="stable")[: count - takes.sum()]] += 1
    chosen = []
    for number, take in zip(classes, takes):
        members = rows[targets[rows] == number]
        chosen.append({choice})
    return np.concatenate(chosen)
'''

CHOSEN_AT_RANDOM = "random.choice(members, take, replace=False)"
CHOSEN_LAST = "members[len(members) - take :]"


def write_split(
    draft: Draft, split: Split, context: SourceContext, *, given: Iterable[str] = (), is_weighted: bool = False
) -> Loaded:
    """Hold out rows of `inputs` and `targets`, and take the samples of each part.

    Args:
        draft: The program; the arrays have one row for each sample that is divided.
        split: Samples to hold out.
        context: Sizes of the parts.
        given: Parts that the program has loaded apart from these.
        is_weighted: True if there are `weights`, too.
    """
    draft.need("import numpy as np")
    parts = [part for part in context.parts if part not in given]
    write_rows(draft, split, parts)
    is_whole = len(parts) == 1
    lines = [
        f"x_{part}, y_{part} = {'inputs, targets' if is_whole else f'inputs[{part}], targets[{part}]'}"
        for part in parts
    ]
    if is_weighted:
        lines += [f"w_{part} = weights{'' if is_whole else f'[{part}]'}" for part in parts]
    draft.data.add(*lines)
    return Loaded(context.parts, is_weighted)


def write_rows(draft: Draft, split: Split, parts: Iterable[str], rows: str = "np.arange(len(inputs))") -> None:
    """Write the rows of each part: `train`, `validation` and `test`.

    Args:
        draft: The program.
        split: Samples to hold out.
        parts: Parts to write.
        rows: Expression of the rows to divide.
    """
    held_out = [part for part in ("test", "validation") if part in parts]
    if not held_out:
        return
    define_hold_out(draft, split)
    lines = [f"train = {rows}"] if rows != "train" else []
    for part in held_out:
        name = f", {literal(part)}" if split.shuffle or split.stratify else ""
        lines.append(f"train, {part} = hold_out(train, {_count(getattr(split, part))}{name})")
    draft.data.add(*lines)


def define_hold_out(draft: Draft, split: Split) -> None:
    """Define `hold_out` for a kind of split."""
    if split.shuffle:
        define_random_generator(draft)
    if split.stratify:
        random = 'random_generator("split", part)' if split.shuffle else "None"
        chosen = CHOSEN_AT_RANDOM if split.shuffle else CHOSEN_LAST
        draft.data.define(DRAW_FROM_CLASSES.replace("{choice}", chosen))
        draft.data.define(_OF_EVERY_CLASS.replace("{random}", random))
    else:
        draft.data.define(_AT_RANDOM if split.shuffle else _THE_LAST)


def _count(share_or_count: float) -> str:
    return f"round({literal(share_or_count)} * len(train))" if share_or_count < 1 else str(int(share_or_count))
