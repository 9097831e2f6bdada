"""Trials of the matrix within a time, and their results."""

import random
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from faults.fault import Fault, try_once
from faults.site import Site, open_site

MOST_COMPLAINTS = 20
ONCE_WEIGHT = 4.0
"""A minute of waiting, in trials of others."""


@dataclass(slots=True)
class Row:
    """The trials of one fault on one backend.

    Attributes:
        num_runs: Runs that were accepted in all trials.
        recovery_seconds: Of each trial in which it was measured.
        measured: Greatest of each other number.
        complaints: What was wrong, as sentences.
    """

    fault: str
    backend: str
    num_trials: int = 0
    num_runs: int = 0
    num_lost: int = 0
    num_doubled: int = 0
    num_damaged: int = 0
    recovery_seconds: list[float] = field(default_factory=list)
    measured: dict[str, float] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    @property
    def worst_seconds(self) -> float | None:
        """Return the longest recovery."""
        return max(self.recovery_seconds, default=None)

    @property
    def is_right(self) -> bool:
        """Return True if nothing was wrong, and anything was tried."""
        return self.num_trials > 0 and not self.complaints

    def try_again(self, fault: Fault, site: Site, chance: random.Random) -> bool:
        """Do one trial more; return False if the service cannot be used for another."""
        try:
            trial, verdict = try_once(fault, site, chance)
        except Exception as error:  # noqa: BLE001 - whatever it is, the row shows it, and other faults can be tried.
            self.num_trials += 1
            self.num_damaged += 1
            self._complain([f"{type(error).__name__}: {error}"])
            return False
        # Not before: a trial that is interrupted shows nothing.
        self.num_trials += 1
        self.num_runs += verdict.num_runs
        self.num_lost += len(verdict.lost)
        self.num_doubled += len(verdict.doubled)
        self.num_damaged += len(verdict.damaged)
        self._complain(verdict.complaints)
        if trial.recovery_seconds is not None:
            self.recovery_seconds.append(trial.recovery_seconds)
        for what, value in trial.measured.items():
            self.measured[what] = max(value, self.measured.get(what, value))
        # What was lost would disturb the next trial.
        return not verdict.complaints

    def _complain(self, sentences: Sequence[str]) -> None:
        self.complaints += sentences[: MOST_COMPLAINTS - len(self.complaints)]


class Clock:
    """The time that is left."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def seconds_left(self) -> float:
        """Return the seconds until the end."""
        return self._end - time.monotonic()


def run(
    faults: Sequence[Fault], backends: Sequence[str], seconds: float, *, seed: int, most_trials: int | None = None
) -> Iterator[Row]:
    """Try every fault on every backend, again and again while there is time; yield a row after each of its trials.

    Each backend gets its share of the time. Every fault is tried once, however long that takes; those that are tried
    only once come last.

    Args:
        faults: Faults to try.
        backends: Backends to try them on.
        seconds: Time to take.
        seed: Seed of the moments of faults.
        most_trials: Most trials of each fault on each backend; None for as many as there is time for.
    """
    chance = random.Random(seed)
    clock = Clock(seconds)
    for place, backend in enumerate(backends):
        share = Clock(clock.seconds_left / (len(backends) - place))
        own = [fault for fault in faults if backend in fault.backends]
        rows = {fault.name: Row(fault.name, backend) for fault in own}
        groups = list(group_by_service(own))
        for number, group in enumerate(groups):
            time_of_group = Clock(share.seconds_left * _weight(group) / sum(map(_weight, groups[number:])))
            yield from _run_group(group, backend, rows, time_of_group, chance, most_trials)


def group_by_service(faults: Sequence[Fault]) -> Iterator[list[Fault]]:
    """Yield faults together that need the same service, those with few workers first."""
    groups: dict[tuple[object, ...], list[Fault]] = {}
    for fault in faults:
        groups.setdefault((*sorted(fault.settings.items()), fault.disk_bytes), []).append(fault)
    for group in groups.values():
        yield sorted(group, key=lambda fault: fault.num_workers)


def _weight(group: Collection[Fault]) -> float:
    return sum(ONCE_WEIGHT if fault.is_tried_once else 1.0 for fault in group)


def _run_group(
    group: Sequence[Fault],
    backend: str,
    rows: Mapping[str, Row],
    clock: Clock,
    chance: random.Random,
    most_trials: int | None,
) -> Iterator[Row]:
    """Try faults of one service in turn; after an unexpected error with a new service."""
    waiting = _turns(group, rows, clock, most_trials)
    while (first := next(waiting, None)) is not None:
        with (
            tempfile.TemporaryDirectory(prefix="trainyard-faults-") as folder,
            open_site(backend, Path(folder), first.settings, first.disk_bytes) as site,
        ):
            for fault in chain([first], waiting):
                row = rows[fault.name]
                is_usable = row.try_again(fault, site, chance)
                yield row
                if not is_usable:
                    break


def _turns(group: Sequence[Fault], rows: Mapping[str, Row], clock: Clock, most_trials: int | None) -> Iterator[Fault]:
    """Yield the fault to try next: each once, then those again for which there is time, by the time they took."""
    took: dict[str, float] = {}
    while True:
        has_any = False
        for fault in group:
            num_trials = rows[fault.name].num_trials
            is_enough = num_trials and (fault.is_tried_once or num_trials == most_trials)
            if is_enough or (num_trials and took[fault.name] > clock.seconds_left):
                continue
            has_any = True
            started = time.monotonic()
            yield fault
            took[fault.name] = time.monotonic() - started
        if not has_any:
            return
