"""Route to compare runs: best first, what differs between their specs, averages over seeds."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from fastapi import Response

from api.auth.access import READ
from api.comparison import examples, run_examples
from api.comparison.run_schemas import (
    ComparedRun,
    CompareRunsRequest,
    Direction,
    LongSpecValue,
    MissingRun,
    RankedMetric,
    RunsComparison,
    RunSpecDifference,
    SeedGroupSummary,
)
from api.http.bodies import read_document
from api.http.compression import AcceptedCodings, packed_answer
from api.http.schemas import NoticeEntry
from api.openapi.operations import MALFORMED, TOO_LARGE, UNKNOWN_RUN, Resource, answers, takes_body
from api.runs.views import describe_metric
from api.service import JsonText, ServiceParameter
from core.run_ranking import SeedSummary
from core.specs.differences import MISSING, Difference, LongValue, cut_whole
from db.run_comparison import RankedRun, Ranking, RunComparison, compare_runs

router = Resource(
    "comparison",
    "Runs side by side: their order, their specs, their curves, and averages over seeds.",
    prefix="/v1",
    bodies=[CompareRunsRequest],
)

MAX_VALUES = 200_000
"""Most values of specs in one answer; 1,000 runs may differ in 200 places."""

LOSS_FIELDS = {("training", "loss"), ("training", "class_weight")}
"""Fields of a spec that change what its loss measures, besides the dataset."""


@router.post(
    "/runs:compare",
    summary="Compare runs",
    dependencies=[READ],
    response_model=RunsComparison,
    responses=answers(
        run_examples.RUNS_COMPARISON,
        MALFORMED,
        UNKNOWN_RUN,
        examples.UNKNOWN_METRIC,
        TOO_LARGE,
        run_examples.DIRECTION_UNKNOWN,
    ),
    openapi_extra=takes_body(CompareRunsRequest, run_examples.COMPARE_RUNS_REQUESTS),
)
def compare(text: JsonText, service: ServiceParameter, accepted: AcceptedCodings) -> Response:
    """Rank up to 1,000 runs by a metric, and return what differs between their specs, and only that.

    Runs without a rank come last, with the reason: those that have not ended, whose value is NaN or infinite, or that
    have no points of the metric. Runs that differ in the seed alone are averaged under `groups`.
    """
    request = read_document(CompareRunsRequest, text)
    rises = None if request.direction is None else request.direction == Direction.MAX
    ranking = Ranking(request.metric, request.statistic, rises, request.confidence)
    with service.database.reading() as session:
        compared = compare_runs(session, list(dict.fromkeys(request.runs)), request.keys, ranking)
        body = describe_comparison(compared, request)
    return packed_answer(body.model_dump_json().encode(), accepted, "application/json")


def describe_comparison(compared: RunComparison, request: CompareRunsRequest) -> RunsComparison:
    """Return the body of a comparison."""
    order = compared.spec_order
    return RunsComparison(
        metric=RankedMetric(
            key=compared.key,
            statistic=request.statistic,
            direction=Direction.MAX if compared.rises else Direction.MIN,
            is_default=request.metric is None,
        ),
        confidence=request.confidence,
        items=[_describe_run(run) for run in compared.runs],
        differences=[_describe_difference(one, order) for one in compared.differences[: MAX_VALUES // len(order)]],
        num_differences=len(compared.differences),
        groups=[_describe_group(group) for group in compared.groups],
        warnings=list(_warn(compared)),
        missing=[MissingRun(run_id=gap.run_id, code=gap.code, detail=gap.detail) for gap in compared.missing],
    )


def _describe_run(run: RankedRun) -> ComparedRun:
    record = run.record
    return ComparedRun(
        run_id=record.id,
        rank=run.place.rank,
        unranked=run.place.unranked,
        value=run.place.value,
        step=run.step,
        state=record.state,
        experiment=record.experiment,
        model=record.model_name,
        preset=record.preset,
        seed=record.seed,
        tags=record.tags,
        created_at=record.created_at,
        started_at=record.started_at,
        ended_at=record.ended_at,
        metrics={key: describe_metric(series) for key, series in run.series.items()},
    )


def _describe_difference(difference: Difference, order: Sequence[UUID]) -> RunSpecDifference:
    values: dict[UUID, Any] = {}
    long: dict[UUID, LongSpecValue] = {}
    missing: list[UUID] = []
    for run_id, given in zip(order, difference.values, strict=True):
        value = cut_whole(given)
        if value is MISSING:
            missing.append(run_id)
        elif isinstance(value, LongValue):
            long[run_id] = LongSpecValue(sha256=value.sha256, length=value.length, start=value.start)
        else:
            values[run_id] = value
    return RunSpecDifference(path=difference.name, values=values, long=long, missing=missing)


def _describe_group(group: SeedSummary) -> SeedGroupSummary:
    return SeedGroupSummary(
        group=group.group,
        run_ids=list(group.run_ids),
        seeds=list(group.seeds),
        left_out=list(group.left_out),
        n=group.n,
        mean=group.mean,
        stddev=group.stddev,
        low=group.low,
        high=group.high,
        rank=group.rank,
    )


def _warn(compared: RunComparison) -> Iterator[NoticeEntry]:
    """Yield a warning if runs are ranked by losses of different functions or data."""
    if not compared.key.endswith("loss"):
        return
    for difference in compared.differences:
        if difference.path[:1] == ("dataset",) or difference.path[:2] in LOSS_FIELDS:
            yield NoticeEntry(
                code="losses_differ",
                pointer="/metric",
                detail=f"The runs differ in {difference.name}: losses may not be comparable. Name another metric.",
            )
            return
