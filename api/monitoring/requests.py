"""Counts and times of requests by route."""

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

NO_STATUS = "none"
"""The status where the client was gone before there was an answer."""


@dataclass(slots=True)
class Tally:
    """Requests of one kind.

    Attributes:
        buckets: How many took at most each bound and more than the one before; the last took longer than any.
        seconds: Time of all of them.
    """

    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0


class RequestCounts(Collector):
    """The requests of one process. One thread adds to it, that of the event loop; any may read."""

    def __init__(self) -> None:
        self.num_in_progress = 0
        self._tallies: dict[tuple[str, str, int], Tally] = {}

    def add(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request.

        Args:
            route: One of few names.
            method: One of few names.
            status: Of the answer; 0 if there was none.
            seconds: Time it took.
        """
        key = route, method, status // 100
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = Tally()
        tally.buckets[bisect_left(BOUNDS, seconds)] += 1
        tally.seconds += seconds

    def collect(self) -> Iterator[Metric]:
        """Yield the families that Prometheus reads."""
        counter = CounterMetricFamily(
            "trainyard_http_requests_total",
            "HTTP requests answered, by template of the route, method and class of the status.",
            labels=("route", "method", "status"),
        )
        histogram = HistogramMetricFamily(
            "trainyard_http_request_duration_seconds",
            "Time from the head of an HTTP request to the end of its answer.",
            labels=("route", "method"),
        )
        together: dict[tuple[str, str], Tally] = {}
        # Copied at once, for the event loop may add a kind meanwhile.
        for (route, method, status_class), tally in list(self._tallies.items()):
            buckets = tally.buckets.copy()
            counter.add_metric((route, method, f"{status_class}xx" if status_class else NO_STATUS), sum(buckets))
            both = together.setdefault((route, method), Tally())
            both.buckets = [sum(pair) for pair in zip(both.buckets, buckets, strict=True)]
            both.seconds += tally.seconds
        for labels, tally in together.items():
            histogram.add_metric(labels, _accumulate(tally.buckets), tally.seconds)
        yield counter
        yield histogram
        yield GaugeMetricFamily(
            "trainyard_http_requests_in_progress",
            "HTTP requests being answered, the one that asks for this among them.",
            value=self.num_in_progress,
        )


def _accumulate(buckets: list[int]) -> list[tuple[str, float]]:
    """Each bound as Prometheus writes it, with how many took at most that."""
    bounds = [*map(floatToGoString, BOUNDS), "+Inf"]
    return [(bound, float(count)) for bound, count in zip(bounds, accumulate(buckets), strict=True)]


PAGES = "pages"
"""The route of everything that is no operation: the docs pages with their files, /openapi.json."""

UNMATCHED = "unmatched"
"""The route of requests that were rejected before one was looked for, or for which there is none."""

OTHER_METHOD = "other"

METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def name_route(scope: Scope) -> str:
    """Return what a request that was answered is counted under: the template of its route."""
    template = getattr(scope.get("route"), "path_format", None)
    if isinstance(template, str):
        return template
    # Pages and mounted files leave no route behind, only that something was found.
    return PAGES if "endpoint" in scope else UNMATCHED


def name_method(scope: Scope) -> str:
    """Return the method of a request, of few."""
    method: str = scope["method"]
    return method if method in METHODS else OTHER_METHOD
