"""Division of samples into training, validation and test."""

import numpy as np
import numpy.typing as npt

from core.datasets.splits import Split, count_split
from core.errors import InvalidSpec, Problem
from models.arrays.samples import Samples, SplitSamples
from models.seeds import random_generator

Rows = npt.NDArray[np.intp]


def split_samples(samples: Samples, split: Split, seed: int, given_test: Samples | None = None) -> SplitSamples:
    """Hold out test samples, then validation samples of the rest, as many as in the dataset's shape.

    Held-out samples are drawn with the seed, or are the last ones. Training samples stay in order.

    Args:
        samples: All samples except the dataset's own test samples.
        split: Samples to hold out.
        seed: Seed of the experiment.
        given_test: The dataset's own test samples.

    Raises:
        InvalidSpec: If nothing is left to train on, or `stratify` is set and there are no classes.
    """
    if split.stratify and samples.targets.ndim != 1:
        problem = "stratify needs classes, but this dataset's targets are numbers. Set it to false."
        raise InvalidSpec(problem, [Problem("/dataset/split/stratify", problem, "no_classes")])
    num_given = 0 if given_test is None else len(given_test)
    if not num_given:
        given_test = None
    counts = count_split(split, len(samples), num_given)
    train, validation, test = split_rows(
        len(samples), counts.validation, counts.test - num_given, split, seed, samples.targets
    )
    return SplitSamples(
        train=samples if len(train) == len(samples) else samples.take(train),
        validation=samples.take(validation),
        test=samples.take(test) if given_test is None else given_test,
    )


def split_rows(
    num_rows: int,
    num_validation: int,
    num_test: int,
    split: Split,
    seed: int,
    classes: npt.NDArray[np.generic],
) -> tuple[Rows, Rows, Rows]:
    """Return the rows for training, validation and test, each in order.

    Args:
        num_rows: Number of all rows.
        num_validation: Number of training rows to hold out.
        num_test: Number of all rows to hold out.
        split: Split with `shuffle` and `stratify`.
        seed: Seed of the experiment.
        classes: (num_rows,): class of each row, for `stratify`.
    """
    everything = np.arange(num_rows, dtype=np.intp)
    rest, test = _hold_out(everything, num_test, classes, split, random_generator(seed, "split", "test"))
    train, validation = _hold_out(rest, num_validation, classes, split, random_generator(seed, "split", "validation"))
    return train, validation, test


def _hold_out(
    rows: Rows, count: int, classes: npt.NDArray[np.generic], split: Split, random: np.random.Generator
) -> tuple[Rows, Rows]:
    """Divide `rows` into those that stay and `count` that are held out, both in order."""
    if split.stratify:
        held_out = draw_from_classes(rows, count, classes[rows], split, random)
    elif split.shuffle:
        held_out = random.choice(rows, count, replace=False)
    else:
        held_out = rows[len(rows) - count :]
    # A mask takes a byte per row; np.isin would sort both arrays.
    marks = np.zeros(len(classes), np.bool_)
    marks[held_out] = True
    is_held_out = marks[rows]
    return rows[~is_held_out], rows[is_held_out]


def draw_from_classes(
    rows: Rows, count: int, classes: npt.NDArray[np.generic], split: Split, random: np.random.Generator
) -> Rows:
    """Choose `count` of the rows, with the same fraction of every class.

    The largest remainders are rounded up.

    Args:
        rows: Rows to choose from.
        count: Number of rows to choose.
        classes: (len(rows),): class of each row.
        split: Split; without `shuffle` the last rows are chosen.
        random: Generator for `shuffle`.
    """
    numbers, sizes = np.unique(classes, return_counts=True)
    shares = sizes * count / len(rows) if len(rows) else sizes * 0.0
    takes = np.floor(shares).astype(int)
    for place in np.argsort(takes - shares, kind="stable")[: count - takes.sum()]:
        takes[place] += 1
    drawn = []
    for number, take in zip(numbers, takes, strict=True):
        members = rows[classes == number]
        drawn.append(random.choice(members, take, replace=False) if split.shuffle else members[len(members) - take :])
    return np.concatenate(drawn)
