"""A run in pictures and beside another: what `Run` and `AsyncRun` can do besides looking at its numbers."""

from pathlib import Path
from typing import Unpack

from trainyard.base_run import BaseRun
from trainyard.downloads import Download
from trainyard.resources import plots, run_comparison
from trainyard.resources.plots import PlotFormat, PlotOptions
from trainyard.resources.run_comparison import SpecDifference
from trainyard.transport import AsyncTransport, Transport


class ComparedRun(BaseRun):
    """Part of `Run`."""

    _transport: Transport

    def diff(self, other: BaseRun | str) -> tuple[SpecDifference, ...]:
        """Return what differs between the specs of this run and of another, and only that; see `Client.diff_runs`."""
        return self._transport.send(run_comparison.diff(self.id, name_run(other)))

    def plot(self, file_format: PlotFormat = "png", **options: Unpack[PlotOptions]) -> bytes:
        """Return a picture of the curves: a panel for each metric, with training and validation in it.

        Args:
            file_format: `png` or `svg`.
            options: `keys`, `x`, `smoothing`, `y`, `width`, `height` and `scale`, as `PlotOptions` has them.

        Raises:
            NotFound: If there is no such run, or it has ended without one of the metrics.
            InvalidRequest: If an option is out of its range; `problems` lists which.
        """
        return self._transport.send(plots.plot_run(self._path, file_format, options))

    def save_plot(self, target: Path, **options: Unpack[PlotOptions]) -> Path:
        """Write the picture to a file whose name ends in .png or .svg, and return its path; see `plot`.

        Raises:
            InvalidArgument: If the file cannot be written, or its name ends otherwise.
        """
        return save_picture(self.plot(plots.choose_format(target), **options), target)


class AsyncComparedRun(BaseRun):
    """Part of `AsyncRun`."""

    _transport: AsyncTransport

    async def diff(self, other: BaseRun | str) -> tuple[SpecDifference, ...]:
        """Return what differs between the specs of this run and of another; see `Client.diff_runs`."""
        return await self._transport.send(run_comparison.diff(self.id, name_run(other)))

    async def plot(self, file_format: PlotFormat = "png", **options: Unpack[PlotOptions]) -> bytes:
        """Return a picture of the curves; see `Run.plot`."""
        return await self._transport.send(plots.plot_run(self._path, file_format, options))

    async def save_plot(self, target: Path, **options: Unpack[PlotOptions]) -> Path:
        """Write the picture to a file; see `Run.save_plot`."""
        return save_picture(await self.plot(plots.choose_format(target), **options), target)


def name_run(run: BaseRun | str) -> str:
    """Return the id of a run."""
    return run if isinstance(run, str) else run.id


def save_picture(picture: bytes, target: Path) -> Path:
    """Write a picture to a file, which appears whole or not at all, and return its path.

    Raises:
        InvalidArgument: If it cannot be written.
    """
    with Download(target) as download:
        download.write(picture)
        return download.keep({}, target.name)
