"""`trainyard keys`: who may use the service, and for what."""

import re
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from trainyard.command_line.display.formats import format_age, format_table
from trainyard.command_line.options import AsJson, Url, connect, print_json
from trainyard.errors import InvalidArgument

if TYPE_CHECKING:
    from trainyard.resources.keys import KeyEntry

keys = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True, rich_markup_mode=None)

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 24 * 3600, "w": 7 * 24 * 3600}
LIFETIME = re.compile(r"([1-9][0-9]{0,8})([smhdw])")


class Scope(StrEnum):
    """Permissions that a key may have."""

    READ = "read"
    SUBMIT = "submit"
    PREDICT = "predict"
    ADMIN = "admin"
    METRICS = "metrics"


@keys.command()
def create(
    name: Annotated[str, typer.Argument(help="Whom or what the key is for.")],
    *,
    scopes: Annotated[list[Scope], typer.Option("--scope", help="Permission of the key; repeatable.")],
    expires: Annotated[
        str | None, typer.Option(metavar="90d", help="How long it lives: 90d, 12h, 30m. Default: until revoked.")
    ] = None,
    max_queued_runs: Annotated[int | None, typer.Option(min=0, help="Most runs in the queue; 0: any number.")] = None,
    max_running_runs: Annotated[int | None, typer.Option(min=0, help="Most runs trained at a time.")] = None,
    max_disk_bytes: Annotated[int | None, typer.Option(min=0, help="Most bytes on disk.")] = None,
    max_requests_per_minute: Annotated[int | None, typer.Option(min=0, help="Most requests a minute.")] = None,
    max_priority: Annotated[int | None, typer.Option(help="Highest priority of its runs, -100 to 100.")] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Make a key and print it, this once: trainyard keys create ci --scope read --scope submit."""
    lifetime_seconds = None if expires is None else read_lifetime(expires)
    limits = {
        "queued_runs": max_queued_runs,
        "running_runs": max_running_runs,
        "disk_bytes": max_disk_bytes,
        "requests_per_minute": max_requests_per_minute,
        "priority": max_priority,
    }
    given = {limit: value for limit, value in limits.items() if value is not None}
    with connect(url) as client:
        made = client.create_key(
            name, [scope.value for scope in scopes], lifetime_seconds=lifetime_seconds, limits=given
        )
    if as_json:
        print_json(made.document)
        return
    typer.echo(made.key)
    typer.echo("Keep it now, it is not shown again. Use it with: export TRAINYARD_KEY=…", err=True)


@keys.command("list")
def list_keys(*, as_json: AsJson = False, url: Url = None) -> None:
    """List every key there is or was, without secrets."""
    with connect(url) as client:
        found = client.list_keys()
    if as_json:
        print_json({"items": [entry.document for entry in found]})
    elif found:
        typer.echo(_format_keys(found))
    else:
        typer.echo("There are no keys. Make one with: trainyard keys create NAME --scope admin", err=True)


@keys.command()
def revoke(
    prefix: Annotated[str, typer.Argument(help="The public part of the key: ty_PREFIX_….")], *, url: Url = None
) -> None:
    """Close a key for good; within 5 seconds nothing takes it any more."""
    with connect(url) as client:
        client.revoke_key(prefix)
    typer.echo("The key is revoked.")


def read_lifetime(text: str) -> int:
    """Return the seconds that `90d`, `12h`, `30m`, `45s` or `2w` stand for.

    Raises:
        InvalidArgument: If it is none of these.
    """
    found = LIFETIME.fullmatch(text.strip())
    if found is None:
        raise InvalidArgument(f"'{text[:40]}' is not a lifetime. Write a number and a unit, such as 90d, 12h or 30m.")
    return int(found[1]) * SECONDS[found[2]]


def _format_keys(found: list["KeyEntry"]) -> str:
    rows = [
        [
            entry.prefix,
            entry.name,
            ", ".join(entry.scopes),
            entry.state,
            entry.source,
            _age(entry, "created_at"),
            _age(entry, "last_used_at"),
            str(entry.document.get("expires_at") or "")[:10],
        ]
        for entry in found
    ]
    return format_table(["PREFIX", "NAME", "SCOPES", "STATE", "SOURCE", "MADE", "USED", "EXPIRES"], rows)


def _age(entry: "KeyEntry", field: str) -> str:
    moment = entry.document.get(field)
    return format_age(datetime.fromisoformat(moment)) if isinstance(moment, str) else ""
