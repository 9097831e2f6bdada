"""Bodies about presets."""

from typing import Any

from api.http.schemas import AnswerModel
from core.catalogue.figures import Figure, PublishedTime


class PresetEntry(AnswerModel):
    """A spec that is ready to run, and what to expect of it."""

    name: str
    title: str
    teaches: str
    published: str
    """The figure that a run should reproduce, in words."""
    figures: list[Figure]
    """The same as bounds on metrics and predictions; a run that keeps within all of them has reproduced it."""
    published_time: PublishedTime | None
    """How long the published run took, where that is known."""
    num_seeds: int
    """How many seeds a reproduction tries."""
    chart: str
    """Key of the metric that compares the variants best."""
    expected_seconds: float
    """Time to train on two CPU cores, roughly."""
    spec: dict[str, Any]
    """As it was written; defaults are left out."""
    variants: dict[str, dict[str, Any]]
    """What to try: a name to send as `variant`, and the merge patch on the spec it stands for."""


class PresetList(AnswerModel):
    """The catalogue."""

    items: list[PresetEntry]
