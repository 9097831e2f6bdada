"""Runs side by side: best first, what differs between their specs, averages over seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from trainyard import documents
from trainyard.errors import NotFound
from trainyard.notices import Notice, read_notices
from trainyard.operation import Answer, Operation
from trainyard.resources.metrics import read_optional


@dataclass(frozen=True, slots=True)
class RankedRun:
    """A run at its place.

    Attributes:
        run_id: The run.
        rank: 1 for the best; equal values share a rank. None for a run that cannot be ranked.
        unranked: Reason for having no rank: `unfinished`, `not_finite` or `no_points`.
        value: Best or last value of the metric; None without points of it.
        step: The first step with this value.
        state: State of the run.
        seed: Its seed.
        document: All that the answer says of it.
    """

    run_id: str
    rank: int | None
    unranked: str | None
    value: float | None
    step: int | None
    state: str
    seed: int
    document: documents.ComparedRun

    @classmethod
    def from_json(cls, body: documents.ComparedRun) -> Self:
        """Read one of the `items` of a comparison."""
        return cls(
            run_id=str(body["run_id"]),
            rank=body["rank"],
            unranked=body["unranked"],
            value=read_optional(body["value"]),
            step=body["step"],
            state=str(body["state"]),
            seed=int(body["seed"]),
            document=body,
        )


@dataclass(frozen=True, slots=True)
class LongSpecValue:
    """Value of a spec that is too long to show, such as a table of data.

    Attributes:
        sha256: Hash of its JSON: equal for equal values.
        length: Length of its JSON in characters.
        start: First characters of it.
    """

    sha256: str
    length: int
    start: str

    @classmethod
    def from_json(cls, body: documents.LongSpecValue) -> Self:
        """Read one of the values under `long`."""
        return cls(str(body["sha256"]), int(body["length"]), str(body["start"]))


@dataclass(frozen=True, slots=True)
class SpecDifference:
    """A place where the specs of runs differ.

    Attributes:
        path: Such as `model.layers[1].units`. Layers lie side by side: one that some of the runs lack has a number of
            its own, and those after it keep theirs.
        values: The value of each run, by id; runs that have nothing there are not in it. None is a value.
    """

    path: str
    values: Mapping[str, Any]

    @classmethod
    def from_json(cls, body: documents.RunSpecDifference) -> Self:
        """Read one of the `differences` of a comparison."""
        long = {run_id: LongSpecValue.from_json(value) for run_id, value in body["long"].items()}
        return cls(str(body["path"]), dict(body["values"]) | long)


@dataclass(frozen=True, slots=True)
class SeedGroup:
    """Runs that differ in the seed alone, and their values averaged.

    Attributes:
        group: Hash of the spec without its seed.
        run_ids: The runs.
        seeds: The seed of each.
        left_out: Runs of these that do not count: they have no points, or have not ended.
        n: Number of different seeds that count; runs of the same seed count once, by their mean.
        mean: NaN or infinite if the value of a run is; None if n is 0.
        stddev: Sample standard deviation; None if n is below 2.
        low: Lower end of the interval of confidence for the mean, by Student's t; None if n is below 2.
        high: Upper end.
        rank: Of the mean among the groups; None if it is not finite.
    """

    group: str
    run_ids: tuple[str, ...]
    seeds: tuple[int, ...]
    left_out: tuple[str, ...]
    n: int
    mean: float | None
    stddev: float | None
    low: float | None
    high: float | None
    rank: int | None

    @classmethod
    def from_json(cls, body: documents.SeedGroupSummary) -> Self:
        """Read one of the `groups` of a comparison."""
        return cls(
            group=str(body["group"]),
            run_ids=tuple(map(str, body["run_ids"])),
            seeds=tuple(map(int, body["seeds"])),
            left_out=tuple(map(str, body["left_out"])),
            n=int(body["n"]),
            mean=read_optional(body["mean"]),
            stddev=read_optional(body["stddev"]),
            low=read_optional(body["low"]),
            high=read_optional(body["high"]),
            rank=body["rank"],
        )


@dataclass(frozen=True, slots=True)
class RunComparison:
    """Several runs.

    Attributes:
        metric: Key of the metric that they are ranked by.
        statistic: The value of its curve that counts: `best` or `last`.
        direction: `max` if more of it is better, or `min`.
        confidence: Of the intervals over seeds.
        runs: Best first; last those without a rank.
        differences: Places where their specs differ.
        num_differences: Number of such places, of which the answer has the first if there are too many values to send.
        groups: Averages over seeds, the best mean first.
        warnings: What may make the order misleading.
        missing: Runs that could not be compared, by id, with the reason.
        document: All of the answer, as it came.
    """

    metric: str
    statistic: str
    direction: str
    confidence: float
    runs: tuple[RankedRun, ...]
    differences: tuple[SpecDifference, ...]
    num_differences: int
    groups: tuple[SeedGroup, ...]
    warnings: tuple[Notice, ...]
    missing: Mapping[str, str]
    document: documents.RunsComparison

    @classmethod
    def from_json(cls, body: documents.RunsComparison) -> Self:
        """Read a comparison."""
        metric = body["metric"]
        return cls(
            metric=str(metric["key"]),
            statistic=str(metric["statistic"]),
            direction=str(metric["direction"]),
            confidence=float(body["confidence"]),
            runs=tuple(map(RankedRun.from_json, body["items"])),
            differences=tuple(map(SpecDifference.from_json, body["differences"])),
            num_differences=int(body["num_differences"]),
            groups=tuple(map(SeedGroup.from_json, body["groups"])),
            warnings=read_notices(body["warnings"]),
            missing={str(gap["run_id"]): str(gap["detail"]) for gap in body["missing"]},
            document=body,
        )


def compare(
    run_ids: Sequence[str],
    *,
    metric: str | None,
    statistic: str,
    direction: str | None,
    keys: Sequence[str],
    confidence: float,
) -> Operation[RunComparison]:
    """Rank runs."""
    optional = {"metric": metric, "direction": direction}
    body = {"runs": list(run_ids), "statistic": statistic, "keys": list(keys), "confidence": confidence}
    body |= {name: value for name, value in optional.items() if value is not None}
    return Operation("POST", "/v1/runs:compare", lambda answer: answer.read_one(RunComparison), body=body)


def diff(first: str, second: str) -> Operation[tuple[SpecDifference, ...]]:
    """Find what differs between two runs' specs; both must exist."""

    def read(answer: Answer) -> tuple[SpecDifference, ...]:
        found = answer.read_one(RunComparison)
        if found.missing:
            raise NotFound(" ".join(found.missing.values()), status=404, code="unknown_run")
        return found.differences

    return Operation("POST", "/v1/runs:compare", read, body={"runs": [first, second]})
