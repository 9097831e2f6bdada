"""Division of samples into training, validation and test."""

import numpy as np
import numpy.typing as npt

from core.datasets.splits import Split, count_split
from core.errors import InvalidSpec, Problem
from models.arrays.samples import Samples, SplitSamples
from models.seeds import random_generator

Rows = npt.NDArray[np.intp]


def split_samples(samples: Samples, split: Split, seed: int, given_test: Samples | None = None) -> SplitSamples:
    """Hold out test samples, then validation samples of what is left; the dataset's shape gives the counts.

    Held-out samples are drawn by the seed, or are the last ones. Training samples keep the order they came in.

    Args:
        samples: All there are, the dataset's own test samples aside.
        split: What to hold out.
        seed: The experiment's.
        given_test: Test samples that the dataset brings.

    Raises:
        InvalidSpec: If nothing would be left to train on, or `stratify` is asked for where there are no classes.
    """
    if split.stratify and samples.targets.ndim != 1:
        problem = "stratify shares out classes, but this dataset's targets are numbers. Leave it false."
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
    """Rows for training, validation and test, each in the order they came in.

    Args:
        num_rows: Of all.
        num_validation: Rows to hold out of the training ones.
        num_test: Rows to hold out of all.
        split: Whether they are drawn, and whether with the same share of every class.
        seed: The experiment's.
        classes: (num_rows,): needed to share out classes.
    """
    everything = np.arange(num_rows, dtype=np.intp)
    rest, test = _hold_out(everything, num_test, classes, split, random_generator(seed, "split", "test"))
    train, validation = _hold_out(rest, num_validation, classes, split, random_generator(seed, "split", "validation"))
    return train, validation, test


def _hold_out(
    rows: Rows, count: int, classes: npt.NDArray[np.generic], split: Split, random: np.random.Generator
) -> tuple[Rows, Rows]:
    """Divide `rows` into those that stay and `count` that are held out, both in the order they came in."""
    if split.stratify:
        held_out = draw_from_classes(rows, count, classes[rows], split, random)
    elif split.shuffle:
        held_out = random.choice(rows, count, replace=False)
    else:
        held_out = rows[len(rows) - count :]
    # Marks take a byte a row, where looking one list up in the other would sort both.
    marks = np.zeros(len(classes), np.bool_)
    marks[held_out] = True
    is_held_out = marks[rows]
    return rows[~is_held_out], rows[is_held_out]


def draw_from_classes(
    rows: Rows, count: int, classes: npt.NDArray[np.generic], split: Split, random: np.random.Generator
) -> Rows:
    """Take `count` of the rows, the same share of every class.

    Where shares are not whole, the largest remainders are rounded up.

    Args:
        rows: To choose from.
        count: How many to take.
        classes: (len(rows),): the class of each.
        split: Whether they are drawn; else the last ones are taken.
        random: Draws them.
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
