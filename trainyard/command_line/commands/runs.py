"""`trainyard runs`, `show`, `logs`, `code`, `cancel` and `delete`: look at runs and end them."""

import sys
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trainyard.command_line.commands.submitting import INTERRUPTED, follow
from trainyard.command_line.display.columns import format_columns, split_columns
from trainyard.command_line.display.evaluation import format_glance
from trainyard.command_line.display.formats import format_age, format_table
from trainyard.command_line.display.runs import format_metrics, format_run, headline
from trainyard.command_line.options import AsJson, RunId, Url, connect, find_run_id, print_json

if TYPE_CHECKING:
    from trainyard.resources.metrics import MetricSummary
    from trainyard.resources.runs import RunSnapshot
    from trainyard.run import Run

LARGEST_PAGE = 1000
# Ids begin with their time in milliseconds: 13 characters, dash included, are enough to tell runs apart.
SHORT_ID_LENGTH = 13


class State(StrEnum):
    """The states a run can be in."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


def runs(
    *,
    states: Annotated[list[State] | None, typer.Option("--state", help="Only runs in this state; repeatable.")] = None,
    experiment: Annotated[str | None, typer.Option(help="Only runs of this experiment.", show_default=False)] = None,
    condition: Annotated[
        str | None,
        typer.Option("--filter", help="Condition: 'tags.team = vision and created_at > now-7d'.", show_default=False),
    ] = None,
    find: Annotated[
        str | None, typer.Option(help="Beginnings of words in names, tags and notes.", show_default=False)
    ] = None,
    sort: Annotated[
        str | None, typer.Option(help="Field to sort by: 'duration_seconds', '-created_at'.", show_default=False)
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(help="Fields to show: 'id,tags.team,metrics.epoch/train/loss.best'.", show_default=False),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """List or find runs, newest first."""
    search: Any = {
        "states": [state.value for state in states or ()],
        "experiment": experiment,
        "filter": condition,
        "find": find,
        "sort": sort,
        "page_size": min(limit, LARGEST_PAGE),
    }
    with connect(url) as client:
        if columns is not None:
            _show_columns(list(islice(client.select_runs([columns], **search), limit)), columns, as_json=as_json)
            return
        found = list(islice(client.list_runs(**search), limit))
    if as_json:
        print_json({"items": [run.snapshot.document for run in found]})
    elif found:
        typer.echo(_format_runs([run.snapshot for run in found], is_short=sys.stdout.isatty()))
    else:
        typer.echo("No runs fit. Start one with: trainyard run binary-adder", err=True)


def show(
    run_id: RunId,
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the run to its end first.")] = False,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show a run with its metrics and learning curve."""
    with connect(url) as client:
        run = client.get_run(find_run_id(client, run_id))
        if watch:
            follow(run, as_json=as_json)
            return
        if as_json:
            print_json(run.snapshot.document)
            return
        typer.echo(format_run(run.snapshot))
        if _is_evaluated(run) and (glance := format_glance(run.evaluation())):
            typer.echo(f"\n{glance}")
        metrics = run.metrics()
        if not metrics:
            return
        typer.echo(f"\n{format_metrics(metrics)}")
        _draw(run, metrics)


def logs(
    run_id: RunId,
    *,
    is_followed: Annotated[
        bool, typer.Option("--follow", "-f", help="Print what is added too, until the run has ended.")
    ] = False,
    url: Url = None,
) -> None:
    """Print what a run's trainer wrote."""
    with connect(url) as client:
        run = client.run(find_run_id(client, run_id))
        if not is_followed:
            typer.echo(run.logs(), nl=False)
            return
        try:
            for text in run.follow_log():
                typer.echo(text, nl=False)
        except KeyboardInterrupt as interrupt:
            raise typer.Exit(INTERRUPTED) from interrupt


def code(run_id: RunId, *, url: Url = None) -> None:
    """Print a Keras program that trains what a run trains: trainyard code RUN > train.py."""
    with connect(url) as client:
        typer.echo(client.run(find_run_id(client, run_id)).code(), nl=False)


def cancel(run_id: RunId, *, as_json: AsJson = False, url: Url = None) -> None:
    """Stop a run that is queued, running or paused."""
    with connect(url) as client:
        run = client.run(find_run_id(client, run_id)).cancel()
    if as_json:
        print_json(run.snapshot.document)
    elif run.has_ended:
        typer.echo(f"Run {run.id} is {run.state}.")
    else:
        typer.echo(f"Run {run.id} was asked to stop.")


def delete(
    run_id: RunId,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before deleting.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Take its model version out of its aliases too.")] = False,
    url: Url = None,
) -> None:
    """Delete an ended run with its metrics, files and model version."""
    with connect(url) as client:
        full_id = find_run_id(client, run_id)
        if not yes and sys.stdin.isatty():
            typer.confirm(f"Delete run {full_id} with its metrics, files and model version?", abort=True)
        client.run(full_id).delete(force=force)
    typer.echo(f"Run {full_id} is deleted.")


def _show_columns(found: list[dict[str, Any]], columns: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"items": found})
    elif found:
        typer.echo(format_columns(found, split_columns(columns)))
    else:
        typer.echo("No runs fit.", err=True)


def _is_evaluated(run: "Run") -> bool:
    return any(artifact.get("name") == "evaluation.json" for artifact in run.snapshot.document.get("artifacts") or ())


def _format_runs(found: list["RunSnapshot"], *, is_short: bool) -> str:
    rows = [
        [
            run.id[:SHORT_ID_LENGTH] if is_short else run.id,
            run.state,
            run.model,
            run.experiment,
            f"{run.progress.fraction:.0%}" if run.progress else "",
            format_age(run.created_at) if run.created_at else "",
            headline(run.latest_metrics, has_ended=run.has_ended),
        ]
        for run in found
    ]
    headers = ["RUN", "STATE", "MODEL", "EXPERIMENT", "DONE", "SUBMITTED", "LATEST"]
    return format_table(headers, rows, right={"DONE"})


def _draw(run: "Run", metrics: list["MetricSummary"]) -> None:
    from trainyard.command_line.display.curves import draw_curves, keys_to_draw  # noqa: PLC0415 - only `show` draws

    keys = keys_to_draw(metrics)
    if not keys:
        return
    is_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    lines = draw_curves(run.history(keys, max_points=200), is_unicode=is_unicode)
    if lines:
        typer.echo("\n" + "\n".join(lines))
