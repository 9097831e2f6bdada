"""What all sources of samples have in common."""

from typing import Annotated, Literal

from pydantic import Field

from core.specs.base import PositiveInt, SpecModel

Scaling = Literal["none", "standardize", "min_max"]

UPLOAD_NAME_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,63}$"

UploadName = Annotated[str, Field(pattern=UPLOAD_NAME_PATTERN)]

ColumnName = Annotated[str, Field(min_length=1, max_length=200)]

MAX_COLUMNS = 10_000

TaskChoice = Literal["auto", "classification", "regression"]
"""auto: classes where the target is text or boolean, or has at most 20 different whole numbers; else numbers."""


class UploadedDataset(SpecModel):
    """What all uploaded data have in common."""

    dataset: UploadName
    """Name it was uploaded under."""
    version: PositiveInt | None = None
    """Null: the newest; a run's own spec says which one that was."""
    sha256: Annotated[str | None, Field(pattern=r"^[0-9a-f]{64}$")] = None
    """Filled in by the service: of the bytes that were uploaded. Given, it has to be right."""


TargetScaling = Literal["auto", "none", "standardize"]
"""Of the numbers to predict: learn them as if their mean were 0 and their standard deviation 1; curves, reports and
answers are in the target's own units. auto: where the loss measures differences and the last layer is linear."""
