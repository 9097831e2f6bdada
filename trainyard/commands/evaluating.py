"""`trainyard evaluation`: how a run's network answers samples that it has not learned from."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trainyard.commands.options import AsJson, RunId, Url, connect, print_json
from trainyard.display.evaluation import format_evaluation
from trainyard.errors import InvalidArgument
from trainyard.run_ids import find_run_id

NOTHING_HELD_OUT = "No samples were held out from this run's training. Set dataset.split in its spec."


class Split(StrEnum):
    """Samples that were held out."""

    VALIDATION = "validation"
    TEST = "test"


def evaluation(
    run_id: RunId,
    *,
    svg: Annotated[
        Path | None, typer.Option("--svg", metavar="FILE", help="Save it as a picture.", show_default=False)
    ] = None,
    split: Annotated[
        Split | None, typer.Option(help="Of which samples the picture is.", show_default="test, else validation")
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show how well a run's model answers samples it has not learned from."""
    with connect(url) as client:
        full_id = find_run_id(client, run_id)
        found = client.evaluation(full_id)
        if svg is not None:
            _save(client.evaluation_picture(full_id, split=split), svg)
    if as_json:
        print_json(found.document)
    elif svg is None:
        typer.echo(format_evaluation(found) or NOTHING_HELD_OUT)


def _save(picture: str, path: Path) -> None:
    try:
        path.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise InvalidArgument(f"{path} can not be written: {error.strerror}. Name another file.") from error
    typer.echo(f"Saved {path}.", err=True)
