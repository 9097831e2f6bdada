"""Routes for the metrics of a run: summaries, curves and exports."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from fastapi import Query, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from api.auth.access import READ
from api.http.compression import AcceptedCodings, packed_answer, packed_stream
from api.http.parameters import RunId
from api.http.responses import NOT_SNIFFED, IfNoneMatch, is_unchanged, not_modified
from api.metrics import examples
from api.metrics.columns import to_column, to_json, to_moment, weak_etag
from api.metrics.export import MEDIA_TYPES, ExportFormat, Table, write_rows
from api.metrics.schemas import MaxPoints, MetricHistory, MetricList, MetricSummary, Smoothing
from api.openapi.operations import UNKNOWN_RUN, Resource, answers
from api.service import ServiceParameter
from core.curves.axes import Window, XAxis
from core.curves.downsampling import Mode
from core.curves.views import Curve, ViewOptions
from core.specs.base import SpecModel
from db import metrics, runs
from db.axes import find_axes
from db.history import choose_series, history
from db.points import read_points

router = Resource("metrics", "Metrics of a run: summaries, curves and exports.", prefix="/v1/runs/{run_id}/metrics")


class ExportQuery(SpecModel):
    """Query of an export."""

    keys: tuple[str, ...] = ()
    """Metrics to export, separated by commas, and patterns of them such as `train/*`; all by default."""
    format: ExportFormat = ExportFormat.CSV
    """`csv`, `jsonl` (a JSON object a line) or `parquet`."""


class HistoryQuery(SpecModel):
    """Query of metric histories."""

    keys: tuple[str, ...] = ()
    """Metrics to show, separated by commas, and patterns of them such as `train/*`; all by default."""
    x: XAxis = XAxis.STEP
    """Quantity on the x axis: training `step`; `epoch`, the steps divided by those of an epoch; `time`, the seconds
    since the start of the run's latest attempt, which is `time_origin` of the response."""
    max_points: MaxPoints = 500
    """Number of points to which longer curves are downsampled."""
    mode: Mode = Mode.MINMAX
    """Downsampling: `minmax` keeps the minimum and maximum of each interval, `lttb` the shape, `raw` every point."""
    smoothing: Smoothing = 0.0
    """Weight of the debiased exponential moving average over all points of a curve, from 0 (none) to below 1; the
    formula is TensorBoard's."""
    x_min: Annotated[float, Field(allow_inf_nan=False)] | None = None
    """Least x to show."""
    x_max: Annotated[float, Field(allow_inf_nan=False)] | None = None
    """Greatest x to show."""


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
    response_model=MetricHistory,
    responses=answers(
        examples.HISTORY,
        examples.TOO_MANY_POINTS,
        UNKNOWN_RUN,
        examples.UNKNOWN_METRIC,
        examples.EPOCHS_UNKNOWN,
        headers={"ETag": "Changes with the response."},
    )
    | {304: {"description": "Not Modified: the curves have the ETag in If-None-Match."}},
)
def get_metric_history(
    run_id: RunId,
    query: Annotated[HistoryQuery, Query()],
    service: ServiceParameter,
    accepted: AcceptedCodings,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return the points of curves in columns, downsampled to what a picture can show.

    A metric without points is an empty curve while the run goes on, and an error once it has ended.
    """
    options = ViewOptions(
        x=query.x,
        max_points=query.max_points,
        mode=query.mode,
        smoothing=query.smoothing,
        window=Window(query.x_min, query.x_max),
    )
    with service.database.reading() as session:
        shown = history(session, run_id, read_keys(query.keys), options)
    body = to_json(
        {
            "run_id": run_id,
            "x": query.x,
            "steps_per_epoch": shown.axis.steps_per_epoch if shown.axis and query.x == XAxis.EPOCH else None,
            "time_origin": to_moment(shown.axis.origin) if shown.axis and query.x == XAxis.TIME else None,
            "smoothing": query.smoothing,
            "series": [_describe_curve(curve) for curve in shown.curves],
        }
    )
    etag = weak_etag(body)
    if is_unchanged(if_none_match, etag):
        return not_modified(etag)
    return packed_answer(body, accepted, "application/json", headers={"ETag": etag})


@router.get(
    "/export",
    summary="Export the points of a run",
    dependencies=[READ],
    response_class=StreamingResponse,
    responses=answers(
        examples.EXPORT_CSV,
        UNKNOWN_RUN,
        examples.UNKNOWN_METRIC,
        media_type=MEDIA_TYPES[ExportFormat.CSV],
        other_forms={
            MEDIA_TYPES[ExportFormat.JSONL]: examples.EXPORT_JSON_LINES,
            MEDIA_TYPES[ExportFormat.PARQUET]: "",
        },
        headers={"Content-Disposition": "Name of the file: the id of the run, and the format."},
    ),
)
def export_metrics(
    run_id: RunId, query: Annotated[ExportQuery, Query()], service: ServiceParameter, accepted: AcceptedCodings
) -> StreamingResponse:
    """Return every point of the curves of a run as a table, in the order of keys and steps.

    The columns are `key`, `step`, `epoch` (missing if the steps of an epoch are not known), `time` (RFC 3339 in UTC, to
    the microsecond), `unix_seconds` and `value`. NaN and infinities are `NaN`, `inf` and `-inf` in CSV, as pandas,
    polars and DuckDB read them, strings in JSON lines, and numbers in Parquet. In CSV an apostrophe stands before keys
    that begin like a formula of a spreadsheet (`=`, `+`, `-`, `@`, a tab) or with an apostrophe.
    """
    with service.database.reading() as session:
        run, chosen = choose_series(session, run_id, read_keys(query.keys))
        axis = find_axes(session, [run], XAxis.EPOCH).get(run_id)

    def read_tables() -> Iterator[Table]:
        for series in chosen.values():
            if series is not None:
                # A slow client does not keep a transaction open.
                with service.database.reading() as session:
                    (points,) = read_points(session, [series])
                yield Table(series.key, points, None if axis is None else axis.place(points))

    rows = write_rows(read_tables(), query.format)
    content, headers = (rows, {}) if query.format == ExportFormat.PARQUET else packed_stream(rows, accepted)
    name = f'attachment; filename="{run_id}.{query.format}"'
    return StreamingResponse(
        content,
        headers={"Content-Disposition": name, **NOT_SNIFFED, **headers},
        media_type=MEDIA_TYPES[query.format],
    )


def read_keys(parts: Iterable[str]) -> list[str] | None:
    """Return the metrics of a query, each once; None if it names none.

    A repeated parameter names one each, or several separated by commas.
    """
    return list(dict.fromkeys(key for part in parts for key in part.split(",") if key)) or None


def _describe_curve(curve: Curve) -> dict[str, Any]:
    return {
        "key": curve.key,
        "x": to_column(curve.x),
        "y": to_column(curve.y),
        "y_min": to_column(curve.y_min),
        "y_max": to_column(curve.y_max),
        "smoothed": to_column(curve.smoothed),
        "total": curve.total,
        "downsampled": curve.downsampled,
    }
