"""Shared by the commands: options, the connection, ids of runs, JSON output."""

import json
import re
import uuid
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trainyard.errors import InvalidArgument

if TYPE_CHECKING:
    from trainyard.client import Client

NUM_SEARCHED = 1000
NUM_NAMED = 5
# Ids begin with their time in milliseconds, 12 digits, so fewer than 4 say little but the year.
BEGINNING = re.compile(r"[0-9a-f][0-9a-f-]{3,35}")

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


def connect(url: str | None) -> "Client":
    """Return a client of the service at this address, or of the one that the environment names."""
    # Loading httpx takes three times as long as all else that `trainyard --help` needs.
    from trainyard.client import Client  # noqa: PLC0415 - so it waits for a command that speaks HTTP

    return Client(url)


def print_json(document: Any) -> None:
    """Print a JSON document on standard output."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))


def save_text(text: str, path: Path) -> None:
    """Write a text to a file, and say so on standard error.

    Raises:
        InvalidArgument: If it cannot be written.
    """
    save_bytes(text.encode(), path)


def save_bytes(content: bytes, path: Path) -> None:
    """Write bytes to a file, and say so on standard error.

    Raises:
        InvalidArgument: If it cannot be written.
    """
    try:
        path.write_bytes(content)
    except OSError as error:
        raise InvalidArgument(f"{path} cannot be written: {error.strerror}. Name another file.") from error
    typer.echo(f"Saved {path}.", err=True)


def find_run_id(client: "Client", text: str) -> str:
    """Return the full id that begins with this text; see `find_run_ids`."""
    return find_run_ids(client, [text])[0]


def find_run_ids(client: "Client", texts: Sequence[str]) -> list[str]:
    """Return the full ids that begin with these texts, looked for among the newest 1,000 runs.

    A full id is returned as it is, whatever its age.

    Raises:
        InvalidArgument: If none or several begin so, or it cannot be the beginning of an id.
    """
    given = [text.strip().lower() for text in texts]
    for text in given:
        _check(text)
    if all(map(_is_full_id, given)):
        return given
    newest = [run.id for run in islice(client.list_runs(), NUM_SEARCHED)]
    return [text if _is_full_id(text) else _complete(text, newest) for text in given]


def _check(text: str) -> None:
    if not BEGINNING.fullmatch(text):
        raise InvalidArgument(
            f"'{text}' is not a run's id or its beginning, 4 digits or more. `trainyard runs` lists the ids."
        )


def _complete(text: str, newest: Sequence[str]) -> str:
    matches = [run_id for run_id in newest if run_id.startswith(text)]
    if not matches:
        raise InvalidArgument(f"None of the newest {NUM_SEARCHED:,} runs has an id that begins with '{text}'.")
    if len(matches) > 1:
        more = ", …" if len(matches) > NUM_NAMED else ""
        raise InvalidArgument(
            f"{len(matches)} runs have an id that begins with '{text}': {', '.join(matches[:NUM_NAMED])}{more}. "
            "Give more digits."
        )
    return matches[0]


def _is_full_id(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
