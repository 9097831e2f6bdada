"""`trainyard batch-predict`: answers of a model to the rows of an uploaded dataset, as a file."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trainyard.command_line.display.batch_predictions import format_batch_prediction, show_batch_progress
from trainyard.command_line.display.progress import show_transfer
from trainyard.command_line.options import AsJson, Url, connect, print_json
from trainyard.errors import InvalidArgument

INTERRUPTED = 130


class Format(StrEnum):
    """Format of the result."""

    CSV = "csv"
    PARQUET = "parquet"
    NPZ = "npz"


class Answers(StrEnum):
    """Columns of answers."""

    LABELS = "labels"
    PROBABILITIES = "probabilities"
    VALUES = "values"


def batch_predict(
    model: Annotated[str, typer.Argument(help="Name of the model.")],
    dataset: Annotated[str, typer.Argument(help="Name of the uploaded dataset.")],
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="File for the answers.", show_default="as served"),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--columns", metavar="NAME", help="Column of the dataset to repeat. May be repeated, or a,b."),
    ] = None,
    form: Annotated[
        Format | None, typer.Option("--format", help="Format of the file.", show_default="by its name, else csv")
    ] = None,
    answers: Annotated[
        Answers | None, typer.Option(help="What the answers are.", show_default="labels, where the model has them")
    ] = None,
    rows: Annotated[
        str | None, typer.Option(metavar="START:STOP", help="Rows, from 0; STOP is left out.", show_default="all")
    ] = None,
    version: Annotated[int | None, typer.Option(help="Number of the model's version; default: newest.", min=1)] = None,
    label: Annotated[str | None, typer.Option(help="Alias of the model, such as production.")] = None,
    dataset_version: Annotated[int | None, typer.Option(help="Number of the dataset's version.", min=1)] = None,
    array: Annotated[str | None, typer.Option(help="Array of the inputs, of a dataset of arrays.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Fail if a row cannot be answered.")] = False,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Predict an uploaded dataset: trainyard batch-predict iris-keras flowers -o answers.csv --columns id."""
    start, stop = _read_rows(rows)
    with connect(url) as client:
        batch = client.batch_predict(
            model,
            dataset,
            version=version,
            label=label,
            dataset_version=dataset_version,
            array=array,
            columns=_read_columns(columns or ()),
            format=form or _find_format(output),
            answers=answers,
            start=start,
            stop=stop,
            on_error="fail" if strict else "continue",
        )
        try:
            with show_batch_progress(batch.snapshot) as show:
                batch.wait(on_update=lambda seen: show(seen.snapshot))
        except KeyboardInterrupt as interrupt:
            batch.cancel()
            typer.echo(f"Batch prediction {batch.id} is cancelled.", err=True)
            raise typer.Exit(INTERRUPTED) from interrupt
        with show_transfer(batch.snapshot.result_name or "", batch.snapshot.result_bytes or 0) as on_progress:
            path = batch.download(output, on_progress=on_progress)
    if as_json:
        print_json(batch.snapshot.document)
    else:
        typer.echo(format_batch_prediction(batch.snapshot, path))


def _find_format(output: Path | None) -> Format:
    suffix = "" if output is None else output.suffix.lower().removeprefix(".")
    return next((known for known in Format if known == suffix), Format.CSV)


def _read_columns(given: list[str] | tuple[str, ...]) -> list[str]:
    """Return the names: each option is one, or several with commas between them."""
    return [name.strip() for names in given for name in names.split(",") if name.strip()]


def _read_rows(text: str | None) -> tuple[int, int | None]:
    if text is None:
        return 0, None
    first, colon, last = text.partition(":")
    if not colon or not all(part.isdecimal() or not part for part in (first, last)):
        raise InvalidArgument(f"'{text}' are no rows. Write --rows 0:1000, --rows 1000: or --rows :1000.")
    return int(first or 0), int(last) if last else None
