"""`trainyard data`: which data the service has, and bringing it the data it has not."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from client.commands.options import AsJson, Url, connect, print_json
from client.display.tables import format_table
from client.display.uploads import show_upload
from client.errors import InvalidArgument
from client.mnist_files import find_mnist_files

if TYPE_CHECKING:
    from client.catalogue_answers import Dataset

data = typer.Typer(help="List datasets, or add the files of one.", rich_markup_mode=None)


@data.callback(invoke_without_command=True)
def list_datasets(context: typer.Context, *, as_json: AsJson = False, url: Url = None) -> None:
    """List datasets, or add the files of one."""
    if context.invoked_subcommand is not None:
        return
    with connect(url) as client:
        found = client.datasets()
    if as_json:
        print_json({"items": [dataset.document for dataset in found]})
    else:
        typer.echo(_format_datasets(found))


@data.command()
def add(
    name: Annotated[str, typer.Argument(help="Name of the dataset: mnist.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with the four IDX files, gzipped or not.")],
    *,
    url: Url = None,
) -> None:
    """Send a dataset's files to the service: trainyard data add mnist DIR."""
    if name != "mnist":
        raise InvalidArgument(f"Files can be added to 'mnist' only, not to '{name}'.")
    found, missing = find_mnist_files(folder)
    with connect(url) as client:
        for filename, source in found.items():
            with show_upload(filename, source.stat().st_size) as on_progress:
                client.add_dataset_file(name, filename, source, on_progress=on_progress)
            typer.echo(f"Added {filename}.")
    if missing:
        typer.echo(f"Missing in '{folder}', gzipped or not: {', '.join(missing)}.", err=True)
        raise typer.Exit(1)


def _format_datasets(found: list["Dataset"]) -> str:
    rows = [[dataset.name, *_describe(dataset.document)] for dataset in found]
    return format_table(["DATASET", "STATE", "DESCRIPTION"], rows)


def _describe(document: Any) -> list[str]:
    return [str(document.get("state") or ""), str(document.get("description") or document.get("title") or "")]
