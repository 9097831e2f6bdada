"""Counters and durations of requests by route."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString
from starlette.types import Scope

MILLISECOND = 0.001

BOUNDS = (
    *(0.25 * MILLISECOND, 0.5 * MILLISECOND, 1 * MILLISECOND, 2.5 * MILLISECOND, 5 * MILLISECOND),
    *(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
"""In seconds. A prediction of a small network takes less than a millisecond, an upload seconds."""

BOUND_TEXTS = (*map(floatToGoString, BOUNDS), "+Inf")
"""The bounds in Prometheus's format."""

NO_STATUS = "none"
"""Status of requests whose client disconnected before the response."""


@dataclass(slots=True)
class Tally:
    """Requests of one kind.

    Attributes:
        buckets: Number of requests in each interval between bounds; the last is above all bounds.
        seconds: Total time.
    """

    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0


class RequestCounts(Collector):
    """Requests of one process. Only the event loop's thread adds to it; any thread may read."""

    def __init__(self) -> None:
        self.num_in_progress = 0
        self._tallies: dict[tuple[str, str, int], Tally] = {}
        self._refusals: dict[str, int] = {}

    def add(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request.

        Args:
            route: Template of the route.
            method: Name of the method.
            status: Status of the response; 0 if there was none.
            seconds: Duration.
        """
        key = route, method, status // 100
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = Tally()
        tally.buckets[bisect_left(BOUNDS, seconds)] += 1
        tally.seconds += seconds

    def add_refusal(self, quota: str | None) -> None:
        """Count a request that was refused because of a quota; None for one that was not."""
        if quota is not None:
            self._refusals[quota] = self._refusals.get(quota, 0) + 1

    def collect(self) -> Iterator[Metric]:
        """Yield the metric families."""
        counter = CounterMetricFamily(
            "trainyard_http_requests_total",
            "HTTP requests, by template of the route, method and class of the status.",
            labels=("route", "method", "status"),
        )
        histogram = HistogramMetricFamily(
            "trainyard_http_request_duration_seconds",
            "Time from the head of an HTTP request to the end of its response.",
            labels=("route", "method"),
        )
        together: dict[tuple[str, str], Tally] = {}
        # Copied first, because the event loop may add a kind meanwhile.
        for (route, method, status_class), tally in list(self._tallies.items()):
            buckets = tally.buckets.copy()
            counter.add_metric((route, method, f"{status_class}xx" if status_class else NO_STATUS), sum(buckets))
            both = together.setdefault((route, method), Tally())
            both.buckets = [sum(pair) for pair in zip(both.buckets, buckets, strict=True)]
            both.seconds += tally.seconds
        for labels, tally in together.items():
            histogram.add_metric(labels, _accumulate(tally.buckets), tally.seconds)
        refusals = CounterMetricFamily(
            "trainyard_quota_refusals_total", "Requests refused because of a quota, by its name.", labels=("quota",)
        )
        for quota, count in list(self._refusals.items()):
            refusals.add_metric((quota,), count)
        yield counter
        yield refusals
        yield histogram
        yield GaugeMetricFamily(
            "trainyard_http_requests_in_progress",
            "HTTP requests in progress, including the one for these metrics.",
            value=self.num_in_progress,
        )


def _accumulate(buckets: list[int]) -> list[tuple[str, float]]:
    """Return each bound in Prometheus's format, with the number of requests up to it."""
    return [(bound, float(count)) for bound, count in zip(BOUND_TEXTS, accumulate(buckets), strict=True)]


PAGES = "pages"
"""Route of everything that is not an operation: the docs pages with their files, /openapi.json."""

UNMATCHED = "unmatched"
"""Route of requests that were rejected before routing, or for which there is none."""

OTHER_METHOD = "other"

METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def name_route(scope: Scope) -> str:
    """Return the label of a request: the template of its route."""
    template = getattr(scope.get("route"), "path_format", None)
    if isinstance(template, str):
        return template
    # Pages and mounted files set no route in the scope, only an endpoint.
    return PAGES if "endpoint" in scope else UNMATCHED


def name_method(scope: Scope) -> str:
    """Return the method of a request, from a fixed set."""
    method: str = scope["method"]
    return method if method in METHODS else OTHER_METHOD
