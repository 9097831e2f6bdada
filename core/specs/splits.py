"""How columns are scaled, and which samples are held out."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, Strict

from core.specs.base import Bool, SpecModel

Scaling = Literal["none", "standardize", "min_max"]


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
