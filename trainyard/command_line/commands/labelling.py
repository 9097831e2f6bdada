"""`trainyard tag` and `note`: say what a run was for, afterwards."""

from typing import Annotated

import typer

from trainyard.command_line.display.runs import format_run
from trainyard.command_line.options import AsJson, RunId, Url, connect, find_run_id, print_json
from trainyard.errors import InvalidArgument


def tag(
    run_id: RunId,
    tags: Annotated[list[str] | None, typer.Argument(metavar="[NAME=VALUE]...", help="Tags to set.")] = None,
    *,
    removed: Annotated[list[str] | None, typer.Option("--remove", help="Tag to delete; repeatable.")] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Set or delete tags of a run; other tags stay."""
    changes: dict[str, str | None] = dict.fromkeys(removed or ())
    for text in tags or ():
        name, separator, value = text.partition("=")
        if not name or not separator:
            raise InvalidArgument(f"'{text}' is not a tag. Write NAME=VALUE, such as team=vision, or --remove NAME.")
        if changes.get(name, "") is None:
            raise InvalidArgument(f"The tag '{name}' cannot be set and deleted at once.")
        changes[name] = value
    if not changes:
        raise InvalidArgument("Write tags to set, such as team=vision, or --remove NAME.")
    with connect(url) as client:
        run = client.run(find_run_id(client, run_id)).update(tags=changes)
    if as_json:
        print_json(run.snapshot.document)
    else:
        shown = ", ".join(f"{name}={value}" for name, value in (run.snapshot.document.get("tags") or {}).items())
        typer.echo(f"Run {run.id}: {shown or 'no tags'}")


def note(
    run_id: RunId,
    text: Annotated[str | None, typer.Argument(help="The new notes; left out, they are printed.")] = None,
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the notes that are there.")] = False,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Print or write the notes of a run; an empty text deletes them."""
    with connect(url) as client:
        run = client.run(find_run_id(client, run_id))
        run = run.refresh() if text is None else run.update(notes=text, replace_notes=replace or not text)
    if as_json:
        print_json(run.snapshot.document)
    elif text is None:
        if notes := run.snapshot.document.get("notes"):
            typer.echo(notes)
    else:
        typer.echo(format_run(run.snapshot))
