"""Held-out samples, and the number of samples in each split."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field, Strict, WithJsonSchema

from core.errors import InvalidSpec, Problem
from core.specs.base import Bool, SpecModel


def _share_or_count(value: float) -> float:
    if value >= 1 and value != int(value):
        raise ValueError("Expected a fraction below 1 or a whole number of samples")
    return value


ShareOrCount = Annotated[
    float,
    Strict(),
    Field(ge=0, le=2**31 - 1),
    AfterValidator(_share_or_count),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
                {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
            ]
        }
    ),
]
"""Below 1 a fraction of the samples, from 1 on a number of samples."""


class Split(SpecModel):
    """Held-out samples. A random split depends only on the spec's seed."""

    validation: Annotated[ShareOrCount, Field(examples=[0.2])] = 0.0
    """Fraction or number of the training samples that are held out to evaluate during training."""
    test: Annotated[ShareOrCount, Field(examples=[0.2])] = 0.0
    """Fraction or number of all samples that are held out to evaluate at the end. 0 if the dataset has test samples."""
    shuffle: Bool = True
    """Draw the held-out samples at random; if false they are the last ones, as with Keras's `validation_split`."""
    stratify: Bool = False
    """Hold out the same fraction of every class."""


@dataclass(frozen=True, slots=True)
class SplitCounts:
    """Number of samples in each split."""

    train: int
    validation: int
    test: int


def count_split(split: Split, num_samples: int, num_test_given: int = 0, num_validation_given: int = 0) -> SplitCounts:
    """Return the size of each split; a fraction is rounded to the nearest whole sample.

    Args:
        split: Samples to hold out.
        num_samples: Number of samples to divide.
        num_test_given: Number of additional test samples in the dataset.
        num_validation_given: Number of additional validation samples in the dataset.

    Raises:
        InvalidSpec: If no sample is left to train on.
    """
    if num_test_given and split.test:
        problem = "This dataset has its own test samples. Set split.test to 0."
        raise InvalidSpec(problem, [Problem("/dataset/split/test", problem, "test_given")])
    if num_validation_given and split.validation:
        problem = "This dataset has its own validation samples. Set split.validation to 0."
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
"""Nothing is held out of fewer samples."""


def suggest_split(num_samples: int, given: Collection[str]) -> dict[str, float]:
    """Return a split for a first spec.

    Args:
        num_samples: Number of samples of the upload.
        given: Splits of the upload itself.
    """
    return {name: 0.0 if num_samples < FEW_SAMPLES or name in given else HELD_OUT for name in ("validation", "test")}
