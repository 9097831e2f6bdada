"""Pictures of learning curves."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypedDict

from trainyard.errors import InvalidArgument
from trainyard.operation import Answer, Operation

PlotFormat = Literal["png", "svg"]

SUFFIXES: dict[str, PlotFormat] = {".png": "png", ".svg": "svg"}


class PlotOptions(TypedDict, total=False):
    """The look of a plot; what is not given is left to the service."""

    keys: Sequence[str]
    """Metrics, and patterns such as `epoch/*`; by default the loss and metrics by epoch."""
    x: str
    """`epoch`, `step` or `time`."""
    smoothing: float
    """Weight of a moving average, from 0 to below 1; the values themselves are drawn faintly under it."""
    y: str
    """Scale of the y axes: `auto`, `linear` or `log`."""
    width: int
    """Width in pixels."""
    height: int
    """Height of each panel in pixels."""
    scale: float
    """Pixels of a PNG file for each pixel of width and height."""


def plot_run(run_path: str, file_format: PlotFormat, options: PlotOptions) -> Operation[bytes]:
    """Draw the curves of a run."""
    path = f"{run_path}/plot.{file_format}"
    return Operation("GET", path, Answer.read_bytes, parameters=_parameters(options))


def plot_runs(
    run_ids: Sequence[str], file_format: PlotFormat, options: PlotOptions, *, seeds: bool
) -> Operation[bytes]:
    """Draw the curves of several runs."""
    parameters = [*(("runs", run_id) for run_id in run_ids), *_parameters(options)]
    parameters += [("seeds", "true")] if seeds else []
    return Operation("GET", f"/v1/runs:plot.{file_format}", Answer.read_bytes, parameters=parameters)


def choose_format(target: Path) -> PlotFormat:
    """Return the format that the name of a file says.

    Raises:
        InvalidArgument: If it says another one, or none.
    """
    file_format = SUFFIXES.get(target.suffix.lower())
    if file_format is None:
        raise InvalidArgument(f"'{target}' came; the name of a plot ends in .png or .svg.")
    return file_format


def _parameters(options: PlotOptions) -> list[tuple[str, str]]:
    parameters = [("keys", key) for key in options.get("keys", ())]
    return parameters + [(name, str(value)) for name, value in options.items() if name != "keys" and value is not None]
