"""The `trainyard` command.

Exit codes: 0 done; 1 rejected, or a watched run did not succeed; 2 wrong usage, or no service answers; 130 Ctrl-C.
`diff` alone ends as the tool of that name does: 1 says that the runs differ, 2 any trouble.
`doctor` likewise: 1 says that something is wrong, 2 that it could not check.
"""

import os
import sys
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from trainyard.command_line.commands import (
    batch_predictions,
    comparing,
    explaining,
    labelling,
    limits,
    metrics,
    models,
    networks,
    operating,
    pausing,
    repeating,
    runs,
    submitting,
    watching,
)
from trainyard.command_line.commands.datasets import data
from trainyard.command_line.commands.dead_letters import dead_letters
from trainyard.command_line.commands.exports import exports
from trainyard.command_line.commands.keys import keys
from trainyard.command_line.commands.registry import models as registered
from trainyard.command_line.commands.webhooks import webhooks
from trainyard.errors import ServiceUnavailable, TrainyardError

REJECTED = 1
UNREACHABLE = 2


class _ReportsErrors(TyperGroup):
    """Reports errors in words instead of a traceback."""

    def invoke(self, ctx: Any) -> Any:
        # Colours are a terminal's, and a person may not want them there (no-color.org).
        ctx.color = False if os.environ.get("NO_COLOR") else None
        _replace_what_cannot_be_written()
        try:
            return super().invoke(ctx)
        except TrainyardError as error:
            typer.echo(f"Error: {error}", err=True)
            is_unreachable = isinstance(error, ServiceUnavailable) and error.status is None
            raise typer.Exit(UNREACHABLE if is_unreachable else REJECTED) from error


# Help is plain text: rich would double the time `trainyard --help` takes.
app = typer.Typer(
    cls=_ReportsErrors,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _print_version(is_wanted: bool) -> None:  # noqa: FBT001 - typer passes an option's value by position
    if is_wanted:
        from importlib.metadata import version  # noqa: PLC0415 - slow to load and needed here only

        typer.echo(version("trainyard"))
        raise typer.Exit


@app.callback()
def trainyard(
    *,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Train Keras models with a Trainyard service and predict with them."""


app.command()(submitting.run)
app.command("run-batch")(repeating.run_batch)
app.command()(repeating.retry)
app.command()(repeating.clone)
app.command("continue")(repeating.train_further)
app.command()(runs.runs)
app.command()(runs.show)
app.command()(metrics.metrics)
app.command()(models.evaluation)
app.command()(comparing.compare)
app.command()(comparing.diff)
app.command()(comparing.plot)
app.command()(labelling.tag)
app.command()(labelling.note)
app.command()(runs.logs)
app.command()(runs.code)
app.command()(pausing.pause)
app.command()(pausing.resume)
app.command()(pausing.checkpoints)
app.command()(runs.cancel)
app.command()(runs.delete)
app.command()(models.predict)
app.command()(explaining.explain)
app.command()(watching.drift)
app.command("batch-predict")(batch_predictions.batch_predict)
app.command()(submitting.presets)
app.command()(submitting.validate)
registered.command()(networks.add)
app.add_typer(registered, name="models")
app.add_typer(data, name="data")
app.add_typer(exports, name="export")
app.add_typer(dead_letters, name="dead-letters")
app.add_typer(keys, name="keys")
app.add_typer(limits.quotas, name="quotas")
app.add_typer(webhooks, name="webhooks")
app.command()(limits.prune)
app.command(context_settings=operating.PASSED_ON)(operating.backup)
app.command(context_settings=operating.PASSED_ON)(operating.restore)
app.command(context_settings=operating.PASSED_ON)(operating.doctor)


def _replace_what_cannot_be_written() -> None:
    """Print `?` for characters that the terminal's encoding lacks, for which Python would raise."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
