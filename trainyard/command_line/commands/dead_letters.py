"""`trainyard dead-letters`: what failed through no fault of its own, and having it tried again."""

from typing import Annotated

import typer

from trainyard.command_line.display.formats import format_table
from trainyard.command_line.options import AsJson, Url, connect, print_json
from trainyard.errors import InvalidArgument

dead_letters = typer.Typer(
    help="List and retry runs and batch predictions that failed through no fault of their own.", rich_markup_mode=None
)

Kind = Annotated[str | None, typer.Option(metavar="KIND", help="run or batch_prediction.")]
Error = Annotated[str | None, typer.Option(metavar="CODE", help="Only with this error, such as storage_failed.")]
Experiment = Annotated[str | None, typer.Option(metavar="NAME", help="Only runs of this experiment.")]


@dead_letters.callback(invoke_without_command=True)
def list_dead_letters(
    context: typer.Context,
    *,
    kind: Kind = None,
    error: Error = None,
    experiment: Experiment = None,
    limit: Annotated[int, typer.Option(min=1, help="Most dead letters to list.")] = 50,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """List the dead letters, the last one first; retry them: trainyard dead-letters retry --all."""
    if context.invoked_subcommand is not None:
        return
    with connect(url) as client:
        found = client.list_dead_letters(kind=kind, error=error, experiment=experiment, page_size=min(limit, 200))
        shown = [letter for letter, _ in zip(found, range(limit), strict=False)]
    if as_json:
        print_json({"items": [letter.document for letter in shown]})
        return
    if not shown:
        typer.echo("There are no dead letters.")
        return
    rows = [
        [letter.id, letter.model, f"{letter.failed_at:%Y-%m-%d %H:%M}", str(letter.num_attempts), letter.error]
        for letter in shown
    ]
    typer.echo(format_table(["ID", "MODEL", "FAILED", "ATTEMPTS", "ERROR"], rows))
    for code, reason in {letter.error: letter.reason for letter in shown}.items():
        typer.echo(f"{code}: {reason}.")


@dead_letters.command()
def retry(
    ids: Annotated[list[str] | None, typer.Argument(help="Ids of dead letters.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All that the other options choose.")] = False,
    kind: Kind = None,
    error: Error = None,
    experiment: Experiment = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Queue dead letters again as new runs: trainyard dead-letters retry --all --error storage_failed."""
    if bool(ids) == everything:
        raise InvalidArgument("Give either the ids of dead letters, or --all.")
    with connect(url) as client:
        done = client.retry_dead_letters(ids or None, kind=kind, error=error, experiment=experiment)
    if as_json:
        print_json(done.document)
    else:
        for old, new in done.new_ids.items():
            typer.echo(f"{old} is retried as {new}")
        for letter_id, detail in done.refused.items():
            typer.echo(f"{letter_id} is not retried: {detail}")
        left = f"; {done.num_left:,} are left" if done.num_left else ""
        typer.echo(f"Retried {len(done.new_ids):,}{left}.")
    if done.refused:
        raise typer.Exit(1)
