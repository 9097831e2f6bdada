"""`trainyard drift`: what a model version is asked, against what it was trained on."""

from pathlib import Path
from typing import Annotated

import typer

from trainyard.command_line.display.drift import format_drift
from trainyard.command_line.options import AsJson, Url, connect, print_json, save_text


def drift(
    model: Annotated[str, typer.Argument(help="Name of the model.")],
    version: Annotated[int | None, typer.Argument(help="Number of the version; default: newest.", min=1)] = None,
    *,
    since: Annotated[
        str | None,
        typer.Option(help="Compare rows from then on: an age (24h, 7d), a date or time, or always.", show_default="7d"),
    ] = None,
    svg: Annotated[
        Path | None, typer.Option("--svg", metavar="FILE", help="Save it as a picture.", show_default=False)
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Compare what a model is asked and answers with its training samples.

    A population stability index (PSI) up to 0.1 is stable, from 0.25 on a column has shifted.
    """
    with connect(url) as client:
        found = client.get_drift(model, version, since=since)
        if svg is not None:
            save_text(client.get_drift_picture(model, found.version, since=since), svg)
    if as_json:
        print_json(found.document)
    elif svg is None:
        typer.echo(format_drift(found))
