"""Changes made to training images at random."""

from typing import Annotated

from pydantic import Field

from core.specs.base import Bool, Float, Fraction, NonNegativeInt, SpecModel


class Augmentation(SpecModel):
    """Changes made to training images at random, anew in every step; held-out images are never changed."""

    horizontal_flip: Bool = False
    vertical_flip: Bool = False
    shift: Fraction = 0.0
    """Move by up to this share of height and width; what comes in from outside repeats the border."""
    rotation: Annotated[Float, Field(ge=0, le=180)] = 0.0
    """Turn by up to so many degrees either way."""
    crop: Annotated[NonNegativeInt, Field(le=64)] = 0
    """Add so many pixels of zeros on every side and cut the image's size out of that anywhere."""

    @property
    def is_any(self) -> bool:
        """True where anything is changed."""
        return self != Augmentation()
