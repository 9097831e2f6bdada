"""Methods of the clients for metrics of several runs."""

from collections.abc import Iterable

from trainyard.base_run import BaseRun
from trainyard.resources import comparison
from trainyard.resources.comparison import CurveComparison
from trainyard.transport import AsyncTransport, Transport


class MetricMethods:
    """Part of `Client`."""

    _transport: Transport

    def compare_metrics(
        self,
        runs: Iterable[BaseRun | str],
        keys: Iterable[str],
        *,
        x: str = "step",
        max_points: int = 200,
        mode: str = "minmax",
        smoothing: float = 0.0,
        x_min: float | None = None,
        x_max: float | None = None,
        align: bool = True,
        average: str | None = None,
        confidence: float = 0.95,
    ) -> CurveComparison:
        """Return the curves of several runs on a common x axis, or their averages over seeds.

        Args:
            runs: Up to 1,000 runs, or their ids.
            keys: Of the metrics, such as `epoch/train/loss`, and patterns such as `train/*`.
            x: `step`, `epoch`, or `time` in seconds since the start of each run.
            max_points: Number of places at which curves are compared.
            mode: Thinning of curves that are not aligned: `minmax`, `lttb` or `raw`.
            smoothing: Weight of the exponential moving average, from 0 to below 1.
            x_min: Least x to show.
            x_max: Greatest x to show.
            align: False for points of its own for each curve.
            average: `seeds` for the mean, the standard deviation and an interval over runs that differ in the seed.
            confidence: Of the interval.

        Raises:
            NotFound: If there is none of the runs, or all of them have ended without a metric.
            InvalidRequest: If there is too much to show; the message says what to lower.
        """
        operation = comparison.compare(
            {
                "runs": [run if isinstance(run, str) else run.id for run in runs],
                "keys": list(keys),
                "x": x,
                "max_points": max_points,
                "mode": mode,
                "smoothing": smoothing,
                "x_min": x_min,
                "x_max": x_max,
                "align": align,
                "average": average,
                "confidence": confidence,
            }
        )
        return self._transport.send(operation)


class AsyncMetricMethods:
    """Part of `AsyncClient`."""

    _transport: AsyncTransport

    async def compare_metrics(
        self,
        runs: Iterable[BaseRun | str],
        keys: Iterable[str],
        *,
        x: str = "step",
        max_points: int = 200,
        mode: str = "minmax",
        smoothing: float = 0.0,
        x_min: float | None = None,
        x_max: float | None = None,
        align: bool = True,
        average: str | None = None,
        confidence: float = 0.95,
    ) -> CurveComparison:
        """Return the curves of several runs on a common x axis; see `Client.compare_metrics`."""
        operation = comparison.compare(
            {
                "runs": [run if isinstance(run, str) else run.id for run in runs],
                "keys": list(keys),
                "x": x,
                "max_points": max_points,
                "mode": mode,
                "smoothing": smoothing,
                "x_min": x_min,
                "x_max": x_max,
                "align": align,
                "average": average,
                "confidence": confidence,
            }
        )
        return await self._transport.send(operation)
