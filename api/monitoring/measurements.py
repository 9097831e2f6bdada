"""Measurements of all API processes of a start, for whichever of them is asked."""

import logging
import threading
from collections.abc import Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.monitoring.exchange import Exchange
from api.monitoring.merging import Packed, keep_lasting, label_process, merge, pack, unpack

logger = logging.getLogger(__name__)

PUBLISH_SECONDS = 1.0
"""Interval of publishing this process's measurements; so old may those of the other processes be."""

NAME = "measurements"


class Measurements(Collector):
    """Measurements of this process, added to those that the other processes published, ended ones included.

    What is shown has been published before, so a sum never decreases when a process dies.
    """

    def __init__(self, exchange: Exchange, sources: Iterable[Collector]) -> None:
        """Create the thread; `start` begins to publish.

        Args:
            exchange: Exchange with the other processes.
            sources: What measures this process, in the order of the response.
        """
        self._exchange = exchange
        self._sources = tuple(sources)
        self._lock = threading.Lock()
        self._left: Packed = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="measurements", daemon=True)

    def start(self) -> None:
        """Begin to publish, if there are other processes; go on from the counters of the one that this replaces."""
        if self._exchange.is_shared:
            self._left = pack(keep_lasting(unpack(self._exchange.read_left(NAME) or [])))
            self._publish()
            self._thread.start()

    def stop(self) -> None:
        """Publish for the last time."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()
            self._publish()

    def collect(self) -> Iterator[Metric]:
        """Yield every family: of this process alone, or of all of them."""
        if not self._exchange.is_shared:
            yield from self._measure()
            return
        own = self._publish()
        others = self._exchange.read_others(NAME)
        running = [other for other in others if other.is_running]
        groups = [own]
        for other in others:
            families = unpack(other.content)
            groups.append(list(families if other.is_running else keep_lasting(families)))
        yield from merge(groups)
        yield GaugeMetricFamily("trainyard_api_processes", "API processes that run.", value=1 + len(running))

    def _measure(self) -> Iterator[Metric]:
        for source in self._sources:
            yield from source.collect()

    def _publish(self) -> list[Metric]:
        """Publish the measurements as they are now; return them."""
        # One at a time: an older state must not replace a newer one that has been shown.
        with self._lock:
            own = list(label_process(self._measure(), self._exchange.number))
            if self._left:
                own = merge([own, unpack(self._left)])
            self._exchange.publish(NAME, pack(own))
            return own

    def _run(self) -> None:
        while not self._stopped.wait(PUBLISH_SECONDS):
            try:
                self._publish()
            except Exception:
                # The other processes would show old measurements of this one for ever.
                logger.exception("The measurements of this process could not be published.")
