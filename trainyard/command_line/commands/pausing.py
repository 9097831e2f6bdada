"""`trainyard pause`, `resume` and `checkpoints`: let runs rest, and see what they go on from."""

from typing import TYPE_CHECKING

import typer

from trainyard.command_line.display.formats import (
    format_age,
    format_bytes,
    format_count,
    format_number,
    format_table,
)
from trainyard.command_line.options import AsJson, RunId, Url, connect, find_run_id, print_json

if TYPE_CHECKING:
    from trainyard.resources.checkpoints import Checkpoint

HEADERS = ("STEP", "EPOCH", "ATTEMPT", "METRIC", "VALUE", "BEST", "SIZE", "SAVED")
NUMBERS = frozenset({"STEP", "EPOCH", "ATTEMPT", "VALUE", "SIZE"})


def pause(run_id: RunId, *, as_json: AsJson = False, url: Url = None) -> None:
    """Pause a run; it goes on later to the same result as without a pause."""
    with connect(url) as client:
        run = client.run(find_run_id(client, run_id)).pause()
    if as_json:
        print_json(run.snapshot.document)
    elif run.state == "paused":
        typer.echo(f"Run {run.id} is paused. Go on with it: trainyard resume {run.id}")
    else:
        typer.echo(f"Run {run.id} was asked to pause. It writes a checkpoint first.")


def resume(run_id: RunId, *, as_json: AsJson = False, url: Url = None) -> None:
    """Go on with a paused run."""
    with connect(url) as client:
        run = client.run(find_run_id(client, run_id)).resume()
    if as_json:
        print_json(run.snapshot.document)
    else:
        typer.echo(f"Run {run.id} is {run.state}.")


def checkpoints(run_id: RunId, *, as_json: AsJson = False, url: Url = None) -> None:
    """List the checkpoints of a run, newest first."""
    with connect(url) as client:
        found = client.run(find_run_id(client, run_id)).checkpoints()
    if as_json:
        print_json({"items": [checkpoint.document for checkpoint in found]})
    elif found:
        typer.echo(format_table(HEADERS, [_format(checkpoint) for checkpoint in found], right=NUMBERS))
    else:
        typer.echo("The run has no checkpoints: it would begin from the start.", err=True)


def _format(checkpoint: "Checkpoint") -> list[str]:
    return [
        format_count(checkpoint.step),
        format_count(checkpoint.epoch),
        str(checkpoint.attempt),
        checkpoint.monitor or "",
        "" if checkpoint.value is None else format_number(checkpoint.value),
        "best" if checkpoint.is_best else "",
        format_bytes(checkpoint.num_bytes),
        format_age(checkpoint.created_at),
    ]
