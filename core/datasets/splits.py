"""Held-out samples, and how many samples each split gets."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field, Strict

from core.errors import InvalidSpec, Problem
from core.specs.base import Bool, SpecModel


def _share_or_count(value: float) -> float:
    if value >= 1 and value != int(value):
        raise ValueError("Below 1 it is a share of the samples; from 1 on it is a count and must be whole")
    return value


ShareOrCount = Annotated[float, Strict(), Field(ge=0, le=2**31 - 1), AfterValidator(_share_or_count)]
"""Below 1 a share of the samples, from 1 on a number of samples."""


class Split(SpecModel):
    """Which samples are held out. The draw depends on the spec's seed alone."""

    validation: ShareOrCount = 0.0
    """Of the training samples: held out of training and measured while it goes."""
    test: ShareOrCount = 0.0
    """Of all samples: held out and measured once, at the end. Datasets that bring test samples leave it 0."""
    shuffle: Bool = True
    """Draw the held-out samples at random; else they are the last ones, as Keras's `validation_split` takes them."""
    stratify: Bool = False
    """Hold out the same share of every class."""


@dataclass(frozen=True, slots=True)
class SplitCounts:
    """Number of samples in each split."""

    train: int
    validation: int
    test: int


def count_split(split: Split, num_samples: int, num_test_given: int = 0, num_validation_given: int = 0) -> SplitCounts:
    """Divide samples as `split` says; a share is rounded to the nearest whole sample.

    Args:
        split: What to hold out.
        num_samples: Samples to divide.
        num_test_given: Test samples that the dataset brings beside them.
        num_validation_given: Validation samples that the dataset brings beside them.

    Raises:
        InvalidSpec: If no sample is left to train on.
    """
    if num_test_given and split.test:
        problem = "This dataset brings its own test samples; leave split.test at 0."
        raise InvalidSpec(problem, [Problem("/dataset/split/test", problem, "test_given")])
    if num_validation_given and split.validation:
        problem = "This dataset brings its own validation samples; leave split.validation at 0."
        raise InvalidSpec(problem, [Problem("/dataset/split/validation", problem, "validation_given")])
    test = _count(split.test, num_samples)
    validation = _count(split.validation, num_samples - test)
    train = num_samples - test - validation
    if train < 1:
        problem = (
            f"The split holds out {test} test and {validation} validation samples of {num_samples}: "
            "none is left to train on. Hold out fewer."
        )
        raise InvalidSpec(problem, [Problem("/dataset/split", problem, "nothing_to_train_on")])
    return SplitCounts(train=train, validation=validation + num_validation_given, test=test + num_test_given)


def _count(share_or_count: float, num_samples: int) -> int:
    return round(share_or_count * num_samples) if share_or_count < 1 else int(share_or_count)


HELD_OUT = 0.2

FEW_SAMPLES = 10
"""With fewer samples nothing is held out."""


def suggest_split(num_samples: int, given: Collection[str]) -> dict[str, float]:
    """Return a split to begin with.

    Args:
        num_samples: Of the upload.
        given: Splits that it brings.
    """
    return {name: 0.0 if num_samples < FEW_SAMPLES or name in given else HELD_OUT for name in ("validation", "test")}
