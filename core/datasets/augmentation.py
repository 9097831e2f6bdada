"""Random augmentation of training images."""

from typing import Annotated

from pydantic import Field

from core.specs.base import Bool, Float, Fraction, NonNegativeInt, SpecModel


class Augmentation(SpecModel):
    """Random augmentation of training images, drawn anew in every step; held-out images are never augmented."""

    horizontal_flip: Annotated[Bool, Field(examples=[True])] = False
    vertical_flip: Bool = False
    shift: Fraction = 0.0
    """Shift by up to this fraction of height and width; the border is repeated to fill the gap."""
    rotation: Annotated[Float, Field(ge=0, le=180)] = 0.0
    """Rotate by up to this many degrees in either direction."""
    crop: Annotated[NonNegativeInt, Field(le=64)] = 0
    """Pad with this many pixels of zeros on every side and crop to the original size at a random position."""

    @property
    def is_any(self) -> bool:
        """True if any augmentation is on."""
        return self != Augmentation()
