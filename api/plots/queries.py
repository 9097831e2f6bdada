"""Queries of plots."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.metrics.schemas import Smoothing
from core.curves.axes import XAxis
from core.specs.base import SpecModel

MAX_RUNS = 200
"""Most runs of one plot."""

MAX_KEYS = 20
"""Most keys and patterns of one plot."""


class YScale(StrEnum):
    """Scale of the y axes."""

    AUTO = "auto"
    """Logarithmic where all values are positive and span two decades."""
    LINEAR = "linear"
    LOG = "log"


class PlotQuery(SpecModel):
    """Query of a plot."""

    keys: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(max_length=MAX_KEYS)] = ()
    """Metrics, and patterns such as `epoch/*`; may be repeated. By default loss and metrics by epoch."""
    x: XAxis = XAxis.EPOCH
    """Quantity on the x axis: `epoch`, `step` or `time`."""
    smoothing: Smoothing = 0.0
    """Weight of a moving average, from 0 to below 1; the values themselves are drawn faintly under it."""
    y: YScale = YScale.AUTO
    """Scale of the y axes: `auto`, `linear` or `log`."""
    width: Annotated[int, Field(ge=320, le=2400)] = 800
    """Width in pixels."""
    height: Annotated[int, Field(ge=80, le=1200)] = 240
    """Height of each panel in pixels."""
    scale: Annotated[float, Field(ge=0.5, le=4)] = 2.0
    """Pixels of a PNG file for each pixel of width and height."""


class ComparisonPlotQuery(PlotQuery):
    """Query of a plot of several runs."""

    runs: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=MAX_RUNS)]
    """Up to 200 runs; repeated for each."""
    seeds: bool = False
    """Draw the mean, with its interval of 95% confidence, of runs that differ in the seed alone."""
