"""From the bytes of an image file to pixels of a given size: one way for training and for predictions."""

from typing import Literal

Resize = Literal["stretch", "crop", "pad"]
