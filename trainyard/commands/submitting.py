"""`trainyard run`: submit a run and, if wanted, follow it to its end."""

from typing import TYPE_CHECKING, Annotated

import typer

from trainyard.commands.options import AsJson, Assignments, Url, Variant, connect, print_json
from trainyard.display.run_sheet import format_outcome
from trainyard.display.watching import show_progress
from trainyard.spec_choice import read_choice

if TYPE_CHECKING:
    from trainyard.run_answers import Run
    from trainyard.trainyard_client import TrainyardClient

INTERRUPTED = 130


def run(
    what: Annotated[
        str, typer.Argument(metavar="PRESET_OR_FILE", help="A preset's name, a spec's JSON file, or - for stdin.")
    ],
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the run; exit 0 only if it succeeds.")] = False,
    assignments: Assignments = None,
    variant: Variant = None,
    experiment: Annotated[str | None, typer.Option(help="Group of runs it belongs to.", show_default=False)] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Train a preset or a spec. Prints the id of the new run."""
    with connect(url) as client:
        submitted = client.submit_run(**read_choice(client, what, assignments or (), variant), experiment=experiment)
        if watch:
            follow(client, submitted, as_json=as_json)
        elif as_json:
            print_json(submitted.document)
        else:
            typer.echo(submitted.id)
            typer.echo(f"The run is {submitted.state}. Look at it with: trainyard show {submitted.id}", err=True)


def follow(client: "TrainyardClient", run: "Run", *, as_json: bool) -> None:
    """Show a run's progress until it has ended, then its outcome.

    Raises:
        typer.Exit: With code 1 unless the run succeeded; 130 if the user pressed Ctrl-C, which leaves the run going.
    """
    if not as_json:
        typer.echo(f"Run {run.id}", err=True)
    try:
        with show_progress(run) as on_look:
            run = client.wait_for_run(run.id, on_look=on_look)
    except KeyboardInterrupt as interrupt:
        typer.echo(f"The run goes on. Cancel it with: trainyard cancel {run.id}", err=True)
        raise typer.Exit(INTERRUPTED) from interrupt
    if as_json:
        print_json(run.document)
    else:
        typer.echo(format_outcome(run))
    if not run.has_succeeded:
        raise typer.Exit(1)
