"""Observers of all model versions of a process, and the thread that counts what they have kept."""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from core.errors import ArtifactCorrupt, Unavailable
from core.observation.summaries import ServedCounts, TrainingSummary
from core.signatures.signature import ModelSignature
from serving.observation.layout import Layout, Tensors
from serving.observation.observer import ByteBudget, Observer

logger = logging.getLogger(__name__)

COUNT_SECONDS = 1.0
"""Interval of counting kept rows."""

STORE_SECONDS = 10.0
"""Interval of storing counts; a process that is killed loses those since the last time."""

IDLE_SECONDS = 600.0
"""Time without a request after which an observer is dropped."""

MOST_KEPT_BYTES = 32 * 1024 * 1024
"""Most memory of kept rows, of all model versions together."""

WAIT_SECONDS = 5.0
"""Longest wait for the thread at the end of the process."""


class HasSignature(Protocol):
    """A loaded model."""

    signature: ModelSignature


@dataclass(frozen=True, slots=True)
class Served:
    """Counts of a model version, to be added to those that are stored."""

    model_name: str
    version: int
    counts: ServedCounts


class SummaryStore(Protocol):
    """Storage of summaries; may wait."""

    def read_reference(self, model_name: str, version: int) -> TrainingSummary | None:
        """Return the training summary of a version; None if it has none.

        Raises:
            Unavailable: If it cannot be read now.
            ArtifactCorrupt: If its file is missing or has changed.
        """

    def add(self, served: Sequence[Served]) -> None:
        """Add counts to those that are stored, all or none; those of deleted versions are dropped.

        Raises:
            Unavailable: If nothing could be stored now.
        """


@dataclass(slots=True)
class Tally:
    """Counts of one version that are not stored yet.

    Attributes:
        layout: None until the training summary has been read.
        num_rows_seen: Rows of the observer that are counted in `counts`.
        noted_at: Time of the last request, by the monotonic clock.
    """

    layout: Layout | None = None
    counts: ServedCounts | None = None
    num_rows_seen: int = 0
    noted_at: float = field(default_factory=time.monotonic)


class Observers:
    """Observers by model version.

    Args:
        store: Storage of the counts.
        rows_per_second: Most rows of a version that are looked at in a second; 0 observes nothing.
    """

    def __init__(self, store: SummaryStore, rows_per_second: int) -> None:
        self._store = store
        self._rows_per_second = rows_per_second
        self._budget = ByteBudget(MOST_KEPT_BYTES)
        self._observers: dict[tuple[str, int], Observer] = {}
        self._tallies: dict[tuple[str, int], Tally] = defaultdict(Tally)
        self._thread: threading.Thread | None = None
        self._has_ended = threading.Event()

    def of(self, model_name: str, version: int, loaded: HasSignature) -> Observer:
        """Return the observer of a version. Ask for each request: idle observers are dropped."""
        observer = self._observers.get((model_name, version))
        if observer is None:
            made = Observer(model_name, version, loaded.signature, self._rows_per_second, self._budget)
            observer = self._observers.setdefault((model_name, version), made)
        return observer

    def start(self) -> None:
        """Begin to count in a thread; does nothing if no rows are observed."""
        if self._rows_per_second and self._thread is None:
            self._has_ended.clear()
            self._thread = threading.Thread(target=self._run, name="observation", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Count and store what is left, and end the thread; waits a few seconds at most."""
        self._has_ended.set()
        if self._thread is not None:
            self._thread.join(WAIT_SECONDS)
            self._thread = None

    def count(self) -> None:
        """Count the rows that were kept since the last time."""
        observers = list(self._observers.items())
        for key, observer in observers:
            self._count(observer, self._tallies[key])
        self._budget.num_left = MOST_KEPT_BYTES - sum(observer.num_kept_bytes for _, observer in observers)

    def flush(self) -> None:
        """Store the counts, and drop observers without requests; counts that cannot be stored are kept."""
        waiting = [
            Served(*key, tally.counts)
            for key, tally in self._tallies.items()
            if tally.counts is not None and tally.counts.num_rows
        ]
        if waiting:
            try:
                self._store.add(waiting)
            except Unavailable as error:
                logger.warning("Counts of predictions could not be stored: %s They are kept.", error.detail)
                return
        for served in waiting:
            self._tallies[served.model_name, served.version].counts = None
        self._drop_idle()

    def _run(self) -> None:
        stored_at = time.monotonic()
        has_ended = False
        while not has_ended:
            has_ended = self._has_ended.wait(COUNT_SECONDS)
            try:
                self.count()
                if has_ended or time.monotonic() - stored_at >= STORE_SECONDS:
                    stored_at = time.monotonic()
                    self.flush()
            except Exception:
                # Predictions go on; the next second is counted anew.
                logger.exception("Predictions could not be counted.")

    def _count(self, observer: Observer, tally: Tally) -> None:
        num_rows = observer.num_rows
        if num_rows == tally.num_rows_seen:
            return
        tally.noted_at = time.monotonic()
        layout = tally.layout or self._read_layout(observer, tally)
        if layout is None:
            return
        counts = tally.counts or layout.nothing
        try:
            for inputs, outputs in _join(observer.take()):
                counts = counts.plus(layout.count(inputs, outputs))
        except Exception:
            logger.exception("Predictions of %s version %d are not counted.", observer.model_name, observer.version)
            observer.close()
        tally.counts = counts.model_copy(update={"num_rows": counts.num_rows + num_rows - tally.num_rows_seen})
        tally.num_rows_seen = num_rows

    def _read_layout(self, observer: Observer, tally: Tally) -> Layout | None:
        """Return the layout of a version; None if its training summary cannot be read now, but may be later."""
        try:
            reference = self._store.read_reference(observer.model_name, observer.version)
        except Unavailable as error:
            logger.warning("The training summary of %s could not be read: %s", observer.model_name, error.detail)
            return None
        except ArtifactCorrupt as error:
            logger.warning("%s version %d: %s", observer.model_name, observer.version, error.detail)
            reference = None
        tally.layout = Layout.of(observer.signature, reference)
        return tally.layout

    def _drop_idle(self) -> None:
        oldest = time.monotonic() - IDLE_SECONDS
        for key, tally in list(self._tallies.items()):
            if tally.noted_at < oldest and tally.counts is None:
                del self._tallies[key]
                self._observers.pop(key, None)


def _join(batches: Sequence[tuple[Tensors, Tensors]]) -> list[tuple[Tensors, Tensors]]:
    """Join batches whose rows have the same shapes, so that thousands of single rows are counted at once."""
    alike: dict[tuple[tuple[int, ...], ...], list[tuple[Tensors, Tensors]]] = defaultdict(list)
    for batch in batches:
        shapes = tuple(tensor.shape[1:] for tensors in batch for tensor in tensors.values())
        alike[shapes].append(batch)
    return [
        (_stack([inputs for inputs, _ in group]), _stack([outputs for _, outputs in group])) for group in alike.values()
    ]


def _stack(tensors: Sequence[Tensors]) -> Tensors:
    return {name: np.concatenate([part[name] for part in tensors]) for name in tensors[0]}
