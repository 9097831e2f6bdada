"""`trainyard metrics`: the curves of a run in numbers, drawn, as JSON or in a file."""

import math
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trainyard.command_line.display.runs import format_metrics
from trainyard.command_line.options import AsJson, RunId, Url, connect, find_run_id, print_json
from trainyard.errors import InvalidArgument

if TYPE_CHECKING:
    from trainyard.resources.metrics import Curve, MetricSummary
    from trainyard.run import Run

NUM_DRAWN_POINTS = 200


class XAxis(StrEnum):
    """The quantities that an x axis may show."""

    STEP = "step"
    EPOCH = "epoch"
    TIME = "time"


class FileFormat(StrEnum):
    """The formats of exported points."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


def metrics(
    run_id: RunId,
    *,
    keys: Annotated[
        list[str] | None,
        typer.Option("--key", help="A metric, or a pattern such as 'train/*'; repeatable.", show_default=False),
    ] = None,
    x: Annotated[XAxis, typer.Option(help="What the x axis shows.")] = XAxis.STEP,
    smoothing: Annotated[
        float, typer.Option(min=0.0, max=0.9999, help="Draw a moving average of this weight.", show_default=False)
    ] = 0.0,
    export: Annotated[
        FileFormat | None, typer.Option(help="Write every point to a file of this format.", show_default=False)
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Name for that file.", show_default=False)
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show the metrics of a run in numbers and draw them, or export every point."""
    if output is not None and export is None:
        raise InvalidArgument("--output names the file of --export csv, jsonl or parquet.")
    with connect(url) as client:
        run = client.run(find_run_id(client, run_id))
        if export is not None:
            typer.echo(f"Saved {run.export_metrics(output, file_format=export.value, keys=keys or ())}.", err=True)
        elif as_json:
            curves = run.history(keys or (), x=x.value, smoothing=smoothing)
            print_json({"run_id": run.id, "x": x.value, "series": [_describe(curve) for curve in curves]})
        else:
            _show(run, keys or [], x, smoothing)


def _show(run: "Run", keys: Sequence[str], x: XAxis, smoothing: float) -> None:
    from trainyard.command_line.display.curves import draw_curves, keys_to_draw  # noqa: PLC0415 - only to draw

    found = run.metrics()
    wanted = keys or keys_to_draw(found)
    curves = run.history(wanted, x=x.value, smoothing=smoothing, max_points=NUM_DRAWN_POINTS) if wanted else []
    shown = _select(found, curves) if keys else found
    if not shown:
        typer.echo("There are no points yet.", err=True)
        return
    typer.echo(format_metrics(shown))
    is_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    lines = draw_curves(curves, is_unicode=is_unicode, x_name=x.value)
    if lines:
        typer.echo("\n" + "\n".join(lines))


def _select(found: Sequence["MetricSummary"], curves: Sequence["Curve"]) -> list["MetricSummary"]:
    by_key = {metric.key: metric for metric in found}
    return [by_key[curve.key] for curve in curves if curve.key in by_key]


def _describe(curve: "Curve") -> dict[str, Any]:
    columns = {name: list(map(_as_json, column)) for name, column in curve.columns().items()}
    return {"key": curve.key, **columns, "total": curve.total, "downsampled": curve.is_downsampled}


def _as_json(number: float) -> float | str:
    """Return a number, or the service's word for one that JSON lacks."""
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
