"""Methods of the clients for runs side by side: best first, what differs, pictures."""

from collections.abc import Iterable
from pathlib import Path
from typing import Unpack

from trainyard.base_run import BaseRun
from trainyard.compared_run import name_run, save_picture
from trainyard.resources import plots, run_comparison
from trainyard.resources.plots import PlotFormat, PlotOptions
from trainyard.resources.run_comparison import RunComparison, SpecDifference
from trainyard.transport import AsyncTransport, Transport


class ComparisonMethods:
    """Part of `Client`."""

    _transport: Transport

    def compare_runs(
        self,
        runs: Iterable[BaseRun | str],
        *,
        metric: str | None = None,
        statistic: str = "best",
        direction: str | None = None,
        keys: Iterable[str] = (),
        confidence: float = 0.95,
    ) -> RunComparison:
        """Rank runs by a metric, best first, and return what differs between their specs, and only that.

        Args:
            runs: Up to 1,000 runs, or their ids.
            metric: Key of the metric; by default the loss on validation samples, or another that most of the runs have.
            statistic: `best` or `last` value of it.
            direction: `max` if more of it is better, `min` if less is; by default as is known of Keras's metrics.
            keys: Further metrics whose numbers are wanted, and patterns such as `test/*`; they are in the `document`
                of each run.
            confidence: Of the intervals over seeds.

        Raises:
            NotFound: If there is none of the runs, or all of them have ended without the metric.
            InvalidRequest: If it is not known which direction of the metric is better.
        """
        operation = run_comparison.compare(
            [name_run(run) for run in runs],
            metric=metric,
            statistic=statistic,
            direction=direction,
            keys=list(keys),
            confidence=confidence,
        )
        return self._transport.send(operation)

    def diff_runs(self, first: BaseRun | str, second: BaseRun | str) -> tuple[SpecDifference, ...]:
        """Return what differs between the specs of two runs, and only that; empty if they are equal.

        Raises:
            NotFound: If one of them does not exist.
        """
        return self._transport.send(run_comparison.diff(name_run(first), name_run(second)))

    def plot_runs(
        self,
        runs: Iterable[BaseRun | str],
        file_format: PlotFormat = "png",
        *,
        seeds: bool = False,
        **options: Unpack[PlotOptions],
    ) -> bytes:
        """Return a picture of the curves of several runs: a panel for each metric, of many runs the best in colour.

        Args:
            runs: Up to 200 runs, or their ids.
            file_format: `png` or `svg`.
            seeds: Draw runs that differ in the seed alone as their mean, with its interval of 95% confidence.
            options: `keys`, `x`, `smoothing`, `y`, `width`, `height` and `scale`, as `PlotOptions` has them.

        Raises:
            NotFound: If there is none of the runs, or all of them have ended without one of the metrics.
            InvalidRequest: If an option is out of its range; `problems` lists which.
        """
        operation = plots.plot_runs([name_run(run) for run in runs], file_format, options, seeds=seeds)
        return self._transport.send(operation)

    def save_plot_of_runs(
        self, target: Path, runs: Iterable[BaseRun | str], *, seeds: bool = False, **options: Unpack[PlotOptions]
    ) -> Path:
        """Write the picture to a file whose name ends in .png or .svg, and return its path; see `plot_runs`.

        Raises:
            InvalidArgument: If the file cannot be written, or its name ends otherwise.
        """
        return save_picture(self.plot_runs(runs, plots.choose_format(target), seeds=seeds, **options), target)


class AsyncComparisonMethods:
    """Part of `AsyncClient`."""

    _transport: AsyncTransport

    async def compare_runs(
        self,
        runs: Iterable[BaseRun | str],
        *,
        metric: str | None = None,
        statistic: str = "best",
        direction: str | None = None,
        keys: Iterable[str] = (),
        confidence: float = 0.95,
    ) -> RunComparison:
        """Rank runs by a metric, best first; see `Client.compare_runs`."""
        operation = run_comparison.compare(
            [name_run(run) for run in runs],
            metric=metric,
            statistic=statistic,
            direction=direction,
            keys=list(keys),
            confidence=confidence,
        )
        return await self._transport.send(operation)

    async def diff_runs(self, first: BaseRun | str, second: BaseRun | str) -> tuple[SpecDifference, ...]:
        """Return what differs between the specs of two runs; see `Client.diff_runs`."""
        return await self._transport.send(run_comparison.diff(name_run(first), name_run(second)))

    async def plot_runs(
        self,
        runs: Iterable[BaseRun | str],
        file_format: PlotFormat = "png",
        *,
        seeds: bool = False,
        **options: Unpack[PlotOptions],
    ) -> bytes:
        """Return a picture of the curves of several runs; see `Client.plot_runs`."""
        operation = plots.plot_runs([name_run(run) for run in runs], file_format, options, seeds=seeds)
        return await self._transport.send(operation)

    async def save_plot_of_runs(
        self, target: Path, runs: Iterable[BaseRun | str], *, seeds: bool = False, **options: Unpack[PlotOptions]
    ) -> Path:
        """Write the picture to a file; see `Client.save_plot_of_runs`."""
        return save_picture(await self.plot_runs(runs, plots.choose_format(target), seeds=seeds, **options), target)
