"""Routes for pictures of learning curves: SVG and PNG, of one run and of several."""

import hashlib
import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from api.auth.access import READ
from api.http.parameters import RunId
from api.http.responses import NOT_SNIFFED, IfNoneMatch, is_unchanged
from api.openapi.operations import MALFORMED, UNKNOWN_RUN, Resource, Responses, answers
from api.pictures.curves import PALETTE
from api.pictures.png import MAX_PIXELS, rasterise
from api.plots import examples
from api.plots.drawing import Labels, draw_comparison, draw_run, order_value, short_id
from api.plots.queries import ComparisonPlotQuery, PlotQuery
from api.service import Service, ServiceParameter
from core.curves.axes import Axis
from core.curves.views import ViewOptions
from core.errors import InvalidInput
from core.run_state import TERMINAL_STATES
from core.specs.metrics import find_direction
from db.comparison import Comparison, Options, compare
from db.history import History, history
from db.plots import PlottedRuns, load_runs
from db.run_comparison import find_spec_differences
from db.session import ReadingSession

router = Resource("plots", "Pictures of learning curves, of one run and of several.", prefix="/v1")

VERSION = "3"
"""Of the drawing: another one makes other pictures of the same curves."""

SVG, PNG = "image/svg+xml", "image/png"

BYTES = {"responses": {"200": {"content": {PNG: {"schema": {"type": "string", "format": "binary"}}}}}}

SAFE = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox", **NOT_SNIFFED}

MAX_POINTS = 400

MAX_MANY_POINTS = 150
"""Of each curve, where there are more than ten runs."""

MANY_RUNS = 10

MOST_NAMED = 3
"""Most fields that name a run in the legend."""

SIZE = re.compile(r'width="(\d+)" height="(\d+)"')

UNCHANGED: Responses = {304: {"description": "Not Modified: the picture has the ETag in If-None-Match."}}

HEADERS = {"ETag": "Changes with the run, its curves and the query."}


@router.get(
    "/runs/{run_id}/plot.svg",
    summary="Draw the curves of a run",
    dependencies=[READ],
    response_class=Response,
    responses=answers(examples.SVG, MALFORMED, UNKNOWN_RUN, media_type=SVG, headers=HEADERS) | UNCHANGED,
)
def plot_run(
    run_id: RunId,
    query: Annotated[PlotQuery, Query()],
    service: ServiceParameter,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return a panel for each metric, with training and validation in it, as SVG; the best points are marked."""
    return _answer(service, [run_id], query, SVG, if_none_match)


@router.get(
    "/runs/{run_id}/plot.png",
    summary="Draw the curves of a run as PNG",
    dependencies=[READ],
    response_class=Response,
    responses=answers(examples.PNG, MALFORMED, UNKNOWN_RUN, media_type=PNG, headers=HEADERS) | UNCHANGED,
    openapi_extra=BYTES,
)
def plot_run_as_png(
    run_id: RunId,
    query: Annotated[PlotQuery, Query()],
    service: ServiceParameter,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return the same as PNG."""
    return _answer(service, [run_id], query, PNG, if_none_match)


@router.get(
    "/runs:plot.svg",
    summary="Draw the curves of several runs",
    dependencies=[READ],
    response_class=Response,
    responses=answers(examples.SVG, MALFORMED, UNKNOWN_RUN, media_type=SVG, headers=HEADERS) | UNCHANGED,
)
def plot_runs(
    query: Annotated[ComparisonPlotQuery, Query()], service: ServiceParameter, if_none_match: IfNoneMatch = None
) -> Response:
    """Return a panel for each metric with a line for each run; of many, the best in colour and the others grey.

    By default the metrics are those on validation samples. With `seeds=true` runs that differ in the seed alone are
    one line, their mean, with its interval of confidence.
    """
    return _answer(service, list(dict.fromkeys(query.runs)), query, SVG, if_none_match)


@router.get(
    "/runs:plot.png",
    summary="Draw the curves of several runs as PNG",
    dependencies=[READ],
    response_class=Response,
    responses=answers(examples.PNG, MALFORMED, UNKNOWN_RUN, media_type=PNG, headers=HEADERS) | UNCHANGED,
    openapi_extra=BYTES,
)
def plot_runs_as_png(
    query: Annotated[ComparisonPlotQuery, Query()], service: ServiceParameter, if_none_match: IfNoneMatch = None
) -> Response:
    """Return the same as PNG."""
    return _answer(service, list(dict.fromkeys(query.runs)), query, PNG, if_none_match)


def _answer(
    service: Service, run_ids: Sequence[UUID], query: PlotQuery, media_type: str, if_none_match: str | None
) -> Response:
    with service.database.reading() as session:
        plotted = load_runs(session, run_ids)
        facts = [VERSION, media_type, query.model_dump_json(), *plotted.fingerprint]
        etag = f'"{hashlib.sha256("|".join(facts).encode()).hexdigest()[:32]}"'
        headers = {"ETag": etag, "Cache-Control": _choose_caching(plotted), **SAFE}
        if is_unchanged(if_none_match, etag):
            return Response(status_code=304, headers={"ETag": etag, "Cache-Control": headers["Cache-Control"]})
        picture = service.pictures.get(etag)
        if picture is None:
            if isinstance(query, ComparisonPlotQuery):
                svg = _draw_comparison(session, plotted, query)
            else:
                svg = _draw_run(session, run_ids[0], plotted, query)
    if picture is None:
        picture = svg.encode() if media_type == SVG else _rasterise(svg, query)
        service.pictures.put(etag, picture)
    return Response(picture, headers=headers, media_type=media_type)


def _choose_caching(plotted: PlottedRuns) -> str:
    """Return Cache-Control: pictures of ended runs may be shown again for a while without asking."""
    has_ended = all(record.state in TERMINAL_STATES for record in plotted.records.values())
    return "private, max-age=300" if has_ended else "private, no-cache"


def _rasterise(svg: str, query: PlotQuery) -> bytes:
    found = SIZE.search(svg)
    width, height = (int(found[1]), int(found[2])) if found else (query.width, query.height)
    num_pixels = int(width * height * query.scale**2)
    if num_pixels > MAX_PIXELS:
        raise InvalidInput(
            f"The picture would have {num_pixels:,} pixels; the most is {MAX_PIXELS:,}. Lower scale, width or height, "
            "or name fewer keys."
        )
    return rasterise(svg, query.scale)


def _draw_run(session: ReadingSession, run_id: UUID, plotted: PlottedRuns, query: PlotQuery) -> str:
    known = list(plotted.series[run_id])
    keys = list(query.keys) or _choose_keys(known)
    options = ViewOptions(x=query.x, max_points=MAX_POINTS, smoothing=query.smoothing)
    curves = history(session, run_id, keys, options) if keys else History(Axis(query.x), [])
    return draw_run(plotted.records[run_id], curves, query)


def _draw_comparison(session: ReadingSession, plotted: PlottedRuns, query: ComparisonPlotQuery) -> str:
    run_ids = list(plotted.records)
    known = {key for found in plotted.series.values() for key in found}
    keys = list(query.keys) or _choose_held_out(known)
    if not keys:
        return draw_comparison(Comparison([], []), Labels({}, {}), query)
    max_points = MAX_POINTS if len(run_ids) <= MANY_RUNS else MAX_MANY_POINTS
    view = ViewOptions(x=query.x, max_points=max_points, smoothing=query.smoothing)
    compared = compare(session, run_ids, keys, Options(view, query.seeds, query.seeds, 0.95))
    return draw_comparison(compared, _label(session, run_ids, plotted, compared, query), query)


def _choose_keys(known: Sequence[str]) -> list[str]:
    """Return the curves to draw of a run: by epoch, or by step as long as there are none."""
    by_epoch = [key for key in known if key.startswith(("epoch/train/", "epoch/validation/"))]
    chosen = by_epoch or [key for key in known if key.startswith("train/")]
    return sorted(chosen, key=lambda key: (not key.endswith("/loss"), key.rpartition("/")[2], key))


def _choose_held_out(known: Collection[str]) -> list[str]:
    """Return the curves to draw of several runs: of each metric that on validation samples, or on training samples."""
    chosen: dict[str, str] = {}
    for start in ("epoch/validation/", "epoch/train/", "train/"):
        for key in sorted(known):
            if key.startswith(start) and not (start == "train/" and chosen):
                chosen.setdefault(key.rpartition("/")[2], key)
    return [chosen[name] for name in sorted(chosen, key=lambda name: (name != "loss", name))]


def _label(
    session: ReadingSession,
    run_ids: Sequence[UUID],
    plotted: PlottedRuns,
    compared: Comparison,
    query: ComparisonPlotQuery,
) -> Labels:
    """Name runs by what differs between their specs; colour the best by the first metric."""
    left_out = ("seed",) if query.seeds else None
    differences = [one for one in find_spec_differences(session, run_ids) if one.path != left_out]
    positions = {run_id: position for position, run_id in enumerate(run_ids)}

    def describe(run_id: UUID) -> str:
        shown = [
            f"{one.name.rpartition('.')[2]} {one.values[positions[run_id]]}"
            for one in differences
            if isinstance(one.values[positions[run_id]], str | int | float | bool)
        ][:MOST_NAMED]
        return ", ".join(shown) or short_id(run_id)

    metric = compared.keys[0] if compared.keys else None
    if metric is None:
        return Labels({}, {})
    rises = find_direction(metric.key)
    worth = {
        run_id: order_value(found[metric.key].best, found[metric.key].last, rises=rises)
        for run_id, found in plotted.series.items()
        if metric.key in found
    }
    if query.seeds:
        members = {group.group: group.run_ids for one in compared.keys for group in one.groups}
        names = _tell_apart({group: describe(found[0]) for group, found in members.items()}, members)
        means = {
            group: sum(worth.get(run_id, math.inf) for run_id in found) / len(found) for group, found in members.items()
        }
        best = sorted(means, key=lambda group: means[group])
    else:
        names = _tell_apart({str(run_id): describe(run_id) for run_id in run_ids}, {str(one): [one] for one in run_ids})
        best = [str(run_id) for run_id in sorted(run_ids, key=lambda run_id: worth.get(run_id, math.inf))]
    return Labels(names, dict(zip(best, PALETTE, strict=False)))


def _tell_apart(names: Mapping[str, str], members: Mapping[str, Sequence[UUID]]) -> dict[str, str]:
    """Return names, those that several have with the id of the first run of each: more may differ than is named."""
    counts = Counter(names.values())
    return {key: name if counts[name] == 1 else f"{name}, {short_id(members[key][0])}" for key, name in names.items()}
