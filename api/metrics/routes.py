"""Routes for the metrics of a run: summaries and histories."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from api.auth.access import READ
from api.http.parameters import RunId
from api.metrics import examples
from api.metrics.schemas import Curve, MetricHistory, MetricList, MetricSummary
from api.openapi.operations import UNKNOWN_RUN, Resource, answers
from api.service import ServiceParameter
from core.specs.base import SpecModel
from db import metrics, runs
from db.history import MIN_POINTS, Mode, history

router = Resource("metrics", "Metrics of a run: summaries and histories.", prefix="/v1/runs/{run_id}/metrics")


class HistoryQuery(SpecModel):
    """Query of metric histories."""

    keys: tuple[str, ...] = ()
    """Metrics to show, separated by commas; all by default."""
    max_points: Annotated[int, Field(ge=MIN_POINTS, le=100_000)] = 500
    """Number of points to which longer curves are downsampled."""
    mode: Mode = Mode.MINMAX
    """Downsampling: `minmax` keeps the minimum and maximum of each interval, `lttb` the shape, `raw` every point."""


@router.get(
    "",
    summary="List the metrics of a run",
    dependencies=[READ],
    responses=answers(examples.METRICS, UNKNOWN_RUN),
)
def list_metrics(run_id: RunId, service: ServiceParameter) -> MetricList:
    """Return a summary of every metric of a run: first, last, minimum and maximum value, and their steps."""
    with service.database.reading() as session:
        runs.get(session, run_id)
        summaries = metrics.list_keys(session, run_id)
    return MetricList(
        items=[
            MetricSummary(
                key=summary.key,
                count=summary.count,
                first=summary.first,
                last=summary.last,
                last_step=summary.last_step,
                min=summary.min,
                min_step=summary.min_step,
                max=summary.max,
                max_step=summary.max_step,
                best=summary.best,
                best_step=summary.best_step,
            )
            for summary in summaries
        ]
    )


@router.get(
    "/history",
    summary="Show the curves of a run",
    dependencies=[READ],
    responses=answers(examples.HISTORY, UNKNOWN_RUN, examples.RAW_VIEW_TOO_LARGE),
)
def get_metric_history(
    run_id: RunId, query: Annotated[HistoryQuery, Query()], service: ServiceParameter
) -> MetricHistory:
    """Return the points of curves in columns. A metric without points is an empty curve."""
    # A key may be repeated; its curve is returned once.
    keys = list(dict.fromkeys(key for part in query.keys for key in part.split(",") if key))
    with service.database.reading() as session:
        runs.get(session, run_id)
        curves = history(session, run_id, keys or None, max_points=query.max_points, mode=query.mode)
    return MetricHistory(
        run_id=run_id,
        series=[
            Curve(
                key=curve.key,
                x=curve.x,
                y=curve.y,
                y_min=curve.y_min,
                y_max=curve.y_max,
                total=curve.total,
                downsampled=curve.downsampled,
            )
            for curve in curves
        ],
    )
