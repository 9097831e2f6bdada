"""`trainyard data`: which data the service has, bringing it others, looking at them and taking them back."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trainyard.command_line import reading
from trainyard.command_line.display.datasets import format_datasets, format_version
from trainyard.command_line.display.formats import format_bytes
from trainyard.command_line.display.progress import show_transfer
from trainyard.command_line.options import AsJson, Url, connect, print_json
from trainyard.resources.datasets import open_dataset

if TYPE_CHECKING:
    from trainyard.resources.datasets import DatasetVersion

data = typer.Typer(help="List datasets, add, show, get and delete your own.", rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help="Name of the dataset.")]
Version = Annotated[int | None, typer.Option("--version", help="Number of a version. Default: the newest.")]


@data.callback(invoke_without_command=True)
def list_datasets(context: typer.Context, *, as_json: AsJson = False, url: Url = None) -> None:
    """List datasets, add, show, get and delete your own."""
    if context.invoked_subcommand is not None:
        return
    with connect(url) as client:
        found = client.list_datasets()
    if as_json:
        print_json({"items": [dataset.document for dataset in found]})
    else:
        typer.echo(format_datasets(found))


@data.command()
def add(
    name: Annotated[str, typer.Argument(help="Name of the dataset; or mnist, with the folder of its four IDX files.")],
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A file; or a folder, of images in folders by class.")],
    *,
    header: reading.Header = None,
    delimiter: reading.Delimiter = None,
    quotechar: reading.Quote = None,
    encoding: reading.Encoding = None,
    decimal: reading.DecimalMark = None,
    thousands: reading.Thousands = None,
    missing_words: reading.MissingWords = None,
    skip_rows: reading.SkipRows = None,
    date_format: reading.DateFormat = None,
    types: reading.Types = None,
    sheet: reading.Sheet = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Send data to the service: trainyard data add flowers flowers.csv. The same bytes make no new version.

    How a text is read is detected; the options say it. `data reread` puts right what was guessed wrong.
    """
    options = reading.gather(
        header=header,
        delimiter=delimiter,
        quotechar=quotechar,
        encoding=encoding,
        decimal=decimal,
        thousands=thousands,
        missing_words=missing_words,
        skip_rows=skip_rows,
        date_format=date_format,
        types=types,
        sheet=sheet,
    )
    num_bytes = open_dataset(name, path).num_bytes
    with connect(url) as client, show_transfer(path.name or name, num_bytes) as on_progress:
        added = client.upload_dataset(name, path, on_progress=on_progress, options=options)
    _print_version(added, as_json=as_json)


@data.command()
def reread(
    name: Name,
    *,
    version: Version = None,
    header: reading.Header = None,
    delimiter: reading.Delimiter = None,
    quotechar: reading.Quote = None,
    encoding: reading.Encoding = None,
    decimal: reading.DecimalMark = None,
    thousands: reading.Thousands = None,
    missing_words: reading.MissingWords = None,
    skip_rows: reading.SkipRows = None,
    date_format: reading.DateFormat = None,
    types: reading.Types = None,
    sheet: reading.Sheet = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Read an upload again, with other options, as a new version: trainyard data reread flowers --no-header.

    Nothing is sent again. Give all options, not only those that change; without any, everything is detected.
    """
    options = reading.gather(
        header=header,
        delimiter=delimiter,
        quotechar=quotechar,
        encoding=encoding,
        decimal=decimal,
        thousands=thousands,
        missing_words=missing_words,
        skip_rows=skip_rows,
        date_format=date_format,
        types=types,
        sheet=sheet,
    )
    with connect(url) as client:
        read = client.reread_dataset(name, version, options=options)
    _print_version(read, as_json=as_json)


def _print_version(version: "DatasetVersion", *, as_json: bool) -> None:
    if as_json:
        print_json(version.document)
        return
    what = "Added" if version.is_new else "The service has these bytes already:"
    size = format_bytes(version.num_bytes)
    typer.echo(f"{what} {version.name}, version {version.version}: {version.summary} ({version.format}, {size}).")
    for warning in version.warnings:
        typer.echo(f"Warning: {warning}", err=True)


@data.command()
def show(
    name: Name,
    *,
    version: Version = None,
    spec: Annotated[bool, typer.Option("--spec", help="Print an example spec, ready to run.")] = False,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show what is in an upload: columns, arrays or classes, and the first rows."""
    with connect(url) as client:
        found = client.get_dataset(name, version)
    if spec:
        if not found.example_spec:
            typer.echo("No simple network fits this dataset. Write a spec: docs/specs.md.", err=True)
            raise typer.Exit(1)
        print_json(found.example_spec)
    elif as_json:
        print_json(found.document)
    else:
        typer.echo(format_version(found))


@data.command()
def get(
    name: Name,
    *,
    version: Version = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to. Default: the uploaded file's name.")
    ] = None,
    url: Url = None,
) -> None:
    """Get an upload back, byte for byte."""
    with connect(url) as client:
        found = client.get_dataset(name, version)
        with show_transfer(name, found.num_bytes) as on_progress:
            written = client.download_dataset(name, found.version, target=output, on_progress=on_progress)
    typer.echo(f"Wrote {written}, {format_bytes(written.stat().st_size)}.")


@data.command()
def delete(
    name: Name,
    *,
    version: Annotated[int | None, typer.Option("--version", help="One version only.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before deleting.")] = False,
    url: Url = None,
) -> None:
    """Delete an uploaded dataset that no unfinished run trains on."""
    what = f"dataset {name}" if version is None else f"version {version} of dataset {name}"
    with connect(url) as client:
        if not yes and sys.stdin.isatty():
            typer.confirm(f"Delete {what} with its files?", abort=True)
        client.delete_dataset(name, version)
    typer.echo(f"Deleted {what}.")
