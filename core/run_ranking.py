"""Ranking of runs by a metric, best first, and averages over those that differ in the seed alone."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

import numpy as np

from core.curves.averages import average

DEFAULT_KEYS = ("epoch/validation/loss", "test/loss", "epoch/train/loss", "train/loss")
"""Metrics to rank by if none is named, the one to prefer first: losses on held-out samples before others."""


class Statistic(StrEnum):
    """The value of a curve that counts."""

    BEST = "best"
    """The least or the greatest, by the direction of the metric."""
    LAST = "last"


class Unranked(StrEnum):
    """Reason why a run has no rank, in the order in which such runs follow the others."""

    UNFINISHED = "unfinished"
    """It has not ended: its value may still change."""
    NOT_FINITE = "not_finite"
    """Its value is NaN or infinite."""
    NO_POINTS = "no_points"
    """It has no points of the metric."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A run to be ranked.

    Attributes:
        value: Its value of the metric; None if it has no points of it.
    """

    run_id: UUID
    has_ended: bool
    value: float | None


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a run.

    Attributes:
        rank: 1 for the best. Equal values share a rank, and the ranks after them are left out: 1, 2, 2, 4.
        unranked: Why it has no rank.
    """

    run_id: UUID
    value: float | None
    rank: int | None
    unranked: Unranked | None


@dataclass(frozen=True, slots=True)
class SeedSummary:
    """The values of runs that differ in the seed alone, averaged.

    Attributes:
        group: Hash of the spec without its seed.
        run_ids: The runs, in the order that they were asked for.
        seeds: The seed of each.
        left_out: Runs of these that do not count, because they have no points or have not ended.
        n: Number of different seeds that count. Runs of one seed count once, by their mean: repeating a run adds
            nothing to what is known of others.
        mean: Mean over the seeds; NaN or infinite if one is: a run that diverged is not left out. None if n is 0.
        stddev: Sample standard deviation, with n - 1; None if n is below 2.
        low: Lower end of the interval of confidence for the mean, by Student's t; None if n is below 2.
        high: Upper end.
        rank: Of the mean among all groups, as of runs; None if it is not finite.
    """

    group: str
    run_ids: tuple[UUID, ...]
    seeds: tuple[int, ...]
    left_out: tuple[UUID, ...]
    n: int
    mean: float | None
    stddev: float | None
    low: float | None
    high: float | None
    rank: int | None


def choose_key(counts: Mapping[str, int], num_runs: int) -> str:
    """Return the metric to rank by, given how many of the runs have each: one that most have, or else any has."""
    common = [key for key in DEFAULT_KEYS if 2 * counts.get(key, 0) >= num_runs]
    known = [key for key in DEFAULT_KEYS if counts.get(key)]
    return (common or known or list(DEFAULT_KEYS))[0]


def rank_runs(candidates: Sequence[Candidate], *, rises: bool) -> list[Place]:
    """Return runs best first, those of equal values in the order given; last those without a rank.

    Args:
        candidates: The runs.
        rises: True if more is better.
    """
    reasons = {candidate.run_id: _find_reason(candidate) for candidate in candidates}
    order = list(Unranked)

    def place(candidate: Candidate) -> tuple[int, float]:
        reason = reasons[candidate.run_id]
        return (-1 if reason is None else order.index(reason)), _order(candidate.value, rises=rises)

    ordered = sorted(candidates, key=place)
    ranked = [one for one in ordered if reasons[one.run_id] is None]
    ranks = _number([one.value for one in ranked])
    return [
        *(Place(one.run_id, one.value, rank, None) for one, rank in zip(ranked, ranks, strict=True)),
        *(Place(one.run_id, one.value, None, reasons[one.run_id]) for one in ordered[len(ranked) :]),
    ]


def summarise_seeds(
    groups: Mapping[str, Sequence[UUID]],
    seeds: Mapping[UUID, int],
    candidates: Mapping[UUID, Candidate],
    *,
    rises: bool,
    confidence: float,
) -> list[SeedSummary]:
    """Return the averages of groups of runs, the best mean first; those of equal means in the order given.

    Args:
        groups: The runs of each group, by the hash of the spec without its seed.
        seeds: The seed of each run.
        candidates: Each run.
        rises: True if more is better.
        confidence: Probability with which the interval covers the mean, if the runs are independent and normally
            distributed around it; between 0 and 1.
    """
    found = [_average(group, members, seeds, candidates, confidence) for group, members in groups.items()]
    found.sort(key=lambda one: _order(one.mean, rises=rises))
    ranked = [one for one in found if one.mean is not None and math.isfinite(one.mean)]
    ranks = _number([one.mean for one in ranked])
    return [
        *(replace(one, rank=rank) for one, rank in zip(ranked, ranks, strict=True)),
        *found[len(ranked) :],
    ]


def _find_reason(candidate: Candidate) -> Unranked | None:
    if not candidate.has_ended:
        return Unranked.UNFINISHED
    if candidate.value is None:
        return Unranked.NO_POINTS
    return None if math.isfinite(candidate.value) else Unranked.NOT_FINITE


def _order(value: float | None, *, rises: bool) -> float:
    """Return a number by which the best is the least, and what is no number the greatest."""
    if value is None or math.isnan(value) or math.isinf(value):
        return math.inf
    return -value if rises else value


def _number(values: Sequence[float | None]) -> list[int]:
    """Return the rank of each of some values in order."""
    ranks: list[int] = []
    for position, value in enumerate(values):
        ranks.append(ranks[-1] if position and value == values[position - 1] else position + 1)
    return ranks


def _average(
    group: str,
    members: Sequence[UUID],
    seeds: Mapping[UUID, int],
    candidates: Mapping[UUID, Candidate],
    confidence: float,
) -> SeedSummary:
    by_seed: dict[int, list[float]] = {}
    left_out = []
    for run_id in members:
        candidate = candidates[run_id]
        if candidate.value is None or not candidate.has_ended:
            left_out.append(run_id)
        else:
            by_seed.setdefault(seeds[run_id], []).append(candidate.value)
    means = [_mean(values) for values in by_seed.values()]
    found = average(np.array(means, np.float64).reshape(-1, 1), np.ones((len(means), 1), np.bool_), confidence)
    n = len(means)
    is_spread = n > 1
    return SeedSummary(
        group=group,
        run_ids=tuple(members),
        seeds=tuple(seeds[run_id] for run_id in members),
        left_out=tuple(left_out),
        n=n,
        mean=float(found.mean[0]) if n else None,
        stddev=float(found.stddev[0]) if is_spread else None,
        low=float(found.low[0]) if is_spread else None,
        high=float(found.high[0]) if is_spread else None,
        rank=None,
    )


def _mean(values: Sequence[float]) -> float:
    # Divided first: the sum of the greatest doubles would be infinite.
    return sum(value / len(values) for value in values)
