"""What the commands share: options, the connection, JSON output."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from trainyard.trainyard_client import TrainyardClient

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        help="Address of the service. Default: TRAINYARD_URL, or TRAINYARD_HOST and TRAINYARD_PORT.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
RunId = Annotated[str, typer.Argument(metavar="ID", help="A run's id, or its beginning where that is clear.")]
Assignments = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="Change a field: training.epochs=3. May be repeated."),
]
Variant = Annotated[str | None, typer.Option("--variant", help="A variant that the preset offers.", show_default=False)]


def connect(url: str | None) -> "TrainyardClient":
    """A client for the service at this address, or the one the environment names."""
    # Loading httpx takes three times as long as all else that `trainyard --help` needs.
    from trainyard.trainyard_client import TrainyardClient  # noqa: PLC0415 - so it waits for a command that speaks HTTP

    return TrainyardClient(url)


def print_json(document: Any) -> None:
    """Print a JSON document on standard output."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
