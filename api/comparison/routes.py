"""Routes to compare runs: their curves."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from fastapi import Response

from api.auth.access import READ
from api.comparison import examples, runs
from api.comparison.schemas import CompareRequest, CurveComparison
from api.http.bodies import read_document
from api.http.compression import AcceptedCodings, packed_answer
from api.metrics.columns import to_column, to_json
from api.metrics.examples import TOO_MANY_POINTS
from api.openapi.operations import MALFORMED, TOO_LARGE, UNKNOWN_RUN, Resource, answers, takes_body
from api.service import JsonText, ServiceParameter
from core.curves.axes import Window
from core.curves.views import ViewOptions
from core.errors import InvalidSpec
from db.comparison import AlignedCurve, ComparedKey, Options, SeedGroup, compare

router = Resource(
    "comparison",
    "Runs side by side: their order, their specs, their curves, and averages over seeds.",
    prefix="/v1",
    bodies=[CompareRequest, *runs.router.bodies],
)
router.routes.extend(runs.router.routes)


@router.post(
    "/metrics:compare",
    summary="Compare the curves of runs",
    dependencies=[READ],
    response_model=CurveComparison,
    responses=answers(
        examples.COMPARISON,
        MALFORMED,
        TOO_MANY_POINTS,
        UNKNOWN_RUN,
        examples.UNKNOWN_METRIC,
        TOO_LARGE,
        examples.AVERAGE_NOT_ALIGNED,
    ),
    openapi_extra=takes_body(CompareRequest, examples.COMPARE_REQUESTS),
)
def compare_metrics(text: JsonText, service: ServiceParameter, accepted: AcceptedCodings) -> Response:
    """Return curves of up to 1,000 runs on a common x axis, or their averages over seeds.

    What cannot be compared is listed under `missing`: runs that do not exist, and runs without points of a metric. Runs
    differ in the seed alone if their specs are equal but for `seed`.
    """
    request = read_document(CompareRequest, text)
    if request.average and not request.align:
        raise InvalidSpec.at("/align", "Only aligned curves can be averaged. Send align: true.", "not_aligned")
    view = ViewOptions(
        x=request.x,
        max_points=request.max_points,
        mode=request.mode,
        smoothing=request.smoothing,
        window=Window(request.x_min, request.x_max),
    )
    options = Options(view, request.align, request.average == "seeds", request.confidence)
    with service.database.reading() as session:
        compared = compare(session, list(dict.fromkeys(request.runs)), list(dict.fromkeys(request.keys)), options)
    body = {
        "x": request.x,
        "smoothing": request.smoothing,
        "confidence": request.confidence if request.average else None,
        "metrics": [_describe_key(metric) for metric in compared.keys],
        "missing": [
            {"run_id": gap.run_id, "key": gap.key, "code": gap.code, "detail": gap.detail} for gap in compared.missing
        ],
    }
    return packed_answer(to_json(body), accepted, "application/json")


def _describe_key(metric: ComparedKey) -> dict[str, Any]:
    alone: Sequence[dict[str, Any]] = [
        {
            "run_id": run_id,
            "x": to_column(curve.x),
            "y": to_column(curve.y),
            "y_min": to_column(curve.y_min),
            "y_max": to_column(curve.y_max),
            "smoothed": to_column(curve.smoothed),
            "total": curve.total,
        }
        for run_id, curve in metric.views
    ]
    return {
        "key": metric.key,
        "x": to_column(metric.x),
        "curves": [*map(_describe_aligned, metric.aligned), *alone],
        "averages": [_describe_group(group) for group in metric.groups],
    }


def _describe_aligned(curve: AlignedCurve) -> dict[str, Any]:
    return {
        "run_id": curve.run_id,
        "x": None,
        "y": to_column(curve.y, None if bool(curve.has_value.all()) else curve.has_value),
        "y_min": None,
        "y_max": None,
        "smoothed": None,
        "total": curve.total,
    }


def _describe_group(group: SeedGroup) -> dict[str, Any]:
    mean = group.average
    is_known, is_spread = mean.num_curves > 0, mean.num_curves > 1
    return {
        "group": group.group,
        "run_ids": group.run_ids,
        "seeds": group.seeds,
        "n": to_column(mean.num_curves),
        "mean": to_column(mean.mean, _unless_all(is_known)),
        "stddev": to_column(mean.stddev, _unless_all(is_spread)),
        "low": to_column(mean.low, _unless_all(is_spread)),
        "high": to_column(mean.high, _unless_all(is_spread)),
    }


def _unless_all(mask: Any) -> Any:
    return None if bool(np.all(mask)) else mask
