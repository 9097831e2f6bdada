"""`trainyard retry`, `clone`, `continue` and `run-batch`: queue runs of other runs, and many at once."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from trainyard.command_line.commands.submitting import follow
from trainyard.command_line.options import AsJson, RunId, Url, connect, find_run_id, print_json
from trainyard.command_line.specs import build_patch, read_batch
from trainyard.errors import InvalidArgument

if TYPE_CHECKING:
    from trainyard.run import Run

Watch = Annotated[bool, typer.Option("--watch", help="Follow the new run; exit 0 only if it succeeds.")]
Experiment = Annotated[str | None, typer.Option(help="Group of the new run.", show_default=False)]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="NAME=VALUE", help="Tag of the new run, instead of those it would inherit."),
]
Notes = Annotated[str | None, typer.Option(help="Text for people.", show_default=False)]
Priority = Annotated[int | None, typer.Option(help="-100 to 100; higher starts first.", show_default=False)]


def retry(run_id: RunId, *, watch: Watch = False, as_json: AsJson = False, url: Url = None) -> None:
    """Run the spec of an ended run again. Prints the id of the new run."""
    with connect(url) as client:
        _show_new(client.run(find_run_id(client, run_id)).retry(), watch=watch, as_json=as_json)


def clone(
    run_id: RunId,
    changes: Annotated[
        list[str] | None,
        typer.Argument(metavar="FIELD=VALUE", help="Changes: training.epochs=20 seed=7.", show_default=False),
    ] = None,
    *,
    experiment: Experiment = None,
    tags: Tags = None,
    notes: Notes = None,
    priority: Priority = None,
    watch: Watch = False,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Run the spec of another run with changes. Prints the id of the new run."""
    with connect(url) as client:
        source = client.get_run(find_run_id(client, run_id))
        new = source.clone(
            build_patch(changes or (), spec=source.snapshot.document["spec"], patch={}),
            experiment=experiment,
            tags=None if tags is None else _read_tags(tags),
            notes=notes,
            priority=priority,
        )
        _show_new(new, watch=watch, as_json=as_json)


def train_further(
    run_id: RunId,
    *,
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Epochs to add; default: the rest of a run that did not succeed.", show_default=False),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Steps to add, if the spec counts in steps.", show_default=False)
    ] = None,
    experiment: Experiment = None,
    tags: Tags = None,
    notes: Notes = None,
    priority: Priority = None,
    watch: Watch = False,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Train an ended run further, as a new run that goes on from its last checkpoint. Prints the id of the new run."""
    with connect(url) as client:
        new = client.run(find_run_id(client, run_id)).train_further(
            epochs,
            steps=steps,
            experiment=experiment,
            tags=None if tags is None else _read_tags(tags),
            notes=notes,
            priority=priority,
        )
        _show_new(new, watch=watch, as_json=as_json)


def run_batch(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="One JSON object a line, as for POST /v1/runs; or - for stdin.")
    ],
    *,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Queue up to 1,000 runs at once: all of them, or none if one is refused. Prints their ids."""
    requests = read_batch(file)
    with connect(url) as client:
        ids = [run.id for run in client.submit_batch(requests)]
    if as_json:
        print_json({"ids": ids})
    else:
        typer.echo("\n".join(ids))


def _read_tags(assignments: Iterable[str]) -> dict[str, str]:
    tags = {}
    for text in assignments:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise InvalidArgument(f"'{text}' is not of the form NAME=VALUE. Write it as --tag author=ada.")
        tags[name] = value
    return tags


def _show_new(run: "Run", *, watch: bool, as_json: bool) -> None:
    if watch:
        follow(run, as_json=as_json)
    elif as_json:
        print_json(run.snapshot.document)
    else:
        typer.echo(run.id)
        for warning in run.snapshot.warnings:
            typer.echo(f"Warning: {warning}", err=True)
        typer.echo(f"The run is {run.state}. Look at it with: trainyard show {run.id}", err=True)
