"""`trainyard compare`, `diff` and `plot`: runs side by side, in words and in pictures."""

from dataclasses import asdict, is_dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trainyard.command_line.commands.metrics import XAxis
from trainyard.command_line.display.comparing import format_diff, format_groups, format_ranking
from trainyard.command_line.options import AsJson, Url, connect, find_run_id, find_run_ids, print_json
from trainyard.errors import TrainyardError

if TYPE_CHECKING:
    from trainyard.resources.plots import PlotOptions
    from trainyard.resources.run_comparison import RunComparison, SpecDifference

DIFFER = 1
TROUBLE = 2
MISSING = 1

RunIds = Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of runs, or their beginnings.")]


class Direction(StrEnum):
    """Directions of a metric."""

    MAX = "max"
    MIN = "min"


class YScale(StrEnum):
    """Scales of a y axis."""

    AUTO = "auto"
    LINEAR = "linear"
    LOG = "log"


def compare(
    run_ids: RunIds,
    *,
    metric: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Metric to rank by. Default: the validation loss.", show_default=False),
    ] = None,
    seeds: Annotated[bool, typer.Option("--seeds", help="Average runs that differ in the seed alone.")] = False,
    is_last: Annotated[bool, typer.Option("--last", help="Rank by the last value instead of the best.")] = False,
    direction: Annotated[
        Direction | None, typer.Option(help="Say whether more or less is better.", show_default=False)
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Rank runs, best first, with what differs between their specs."""
    with connect(url) as client:
        found = client.compare_runs(
            find_run_ids(client, run_ids),
            metric=metric,
            statistic="last" if is_last else "best",
            direction=None if direction is None else direction.value,
        )
    if as_json:
        print_json(found.document)
    else:
        typer.echo(format_groups(found) if seeds else format_ranking(found))
    _report(found)


def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="A run's id, or its beginning where that is clear.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another's.")],
    *,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Print what differs between the specs of two runs, and only that.

    Exit status: 0 if they are equal, 1 if they differ, 2 if they cannot be compared.
    """
    try:
        with connect(url) as client:
            ids = find_run_ids(client, [first, second])
            found = client.diff_runs(*ids)
    except TrainyardError as error:
        # Status 1, with which other commands end then, would say that the runs differ.
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(TROUBLE) from error
    if as_json:
        print_json({"runs": ids, "differences": [_describe(difference) for difference in found]})
    elif found:
        typer.echo(format_diff(found, ids))
    if found:
        raise typer.Exit(DIFFER)


def plot(
    run_ids: RunIds,
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Picture to write, .png or .svg.", show_default=False)
    ],
    keys: Annotated[
        list[str] | None,
        typer.Option("--key", help="A metric, or a pattern such as 'epoch/*'; repeatable.", show_default=False),
    ] = None,
    seeds: Annotated[bool, typer.Option("--seeds", help="Average runs that differ in the seed alone.")] = False,
    x: Annotated[XAxis, typer.Option(help="What the x axis shows.")] = XAxis.EPOCH,
    y: Annotated[YScale, typer.Option(help="Scale of the y axes.")] = YScale.AUTO,
    smoothing: Annotated[
        float, typer.Option(min=0.0, max=0.9999, help="Draw a moving average of this weight.", show_default=False)
    ] = 0.0,
    width: Annotated[int | None, typer.Option(help="Width in pixels.", show_default=False)] = None,
    height: Annotated[int | None, typer.Option(help="Height of each panel in pixels.", show_default=False)] = None,
    scale: Annotated[
        float | None, typer.Option(help="Pixels of a PNG file for each pixel of width.", show_default=False)
    ] = None,
    url: Url = None,
) -> None:
    """Draw the curves of runs: trainyard plot RUN RUN -o curves.png."""
    options: PlotOptions = {"keys": keys or (), "x": x.value, "y": y.value, "smoothing": smoothing}
    if width is not None:
        options["width"] = width
    if height is not None:
        options["height"] = height
    if scale is not None:
        options["scale"] = scale
    with connect(url) as client:
        if len(run_ids) == 1 and not seeds:
            saved = client.run(find_run_id(client, run_ids[0])).save_plot(output, **options)
        else:
            saved = client.save_plot_of_runs(output, find_run_ids(client, run_ids), seeds=seeds, **options)
    typer.echo(f"Saved {saved}.", err=True)


def _report(found: "RunComparison") -> None:
    """Print what makes a comparison misleading or incomplete on standard error.

    Raises:
        typer.Exit: With code 1 if one of the runs does not exist.
    """
    for warning in found.warnings:
        typer.echo(f"Warning: {warning}", err=True)
    for detail in found.missing.values():
        typer.echo(f"Error: {detail}", err=True)
    if found.missing:
        raise typer.Exit(MISSING)


def _describe(difference: "SpecDifference") -> dict[str, Any]:
    """Return a difference as JSON; a run that has nothing there is not among its values."""
    values = {
        run_id: asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
        for run_id, value in difference.values.items()
    }
    return {"path": difference.path, "values": values}
