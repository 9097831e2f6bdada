"""`trainyard quotas` and `trainyard prune`: limits of keys, and the deletion of old runs."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from trainyard.command_line.commands.keys import SECONDS, read_lifetime
from trainyard.command_line.display.formats import format_bytes, format_table
from trainyard.command_line.options import AsJson, Url, connect, print_json
from trainyard.errors import InvalidArgument

if TYPE_CHECKING:
    from trainyard.resources.quotas import Usage
    from trainyard.resources.retention import RetentionReport

quotas = typer.Typer(help="Show and set the limits of API keys.", rich_markup_mode=None)

SETTINGS = "settings"
"""Word for the limit of the service's settings."""

Limit = Annotated[str | None, typer.Option(metavar="N", help="A number, 0 for no limit, or: settings.")]
Priority = Annotated[str | None, typer.Option(metavar="N", help="-100 to 100, or: settings.")]


@quotas.callback(invoke_without_command=True)
def show_quotas(
    context: typer.Context,
    *,
    everybody: Annotated[bool, typer.Option("--all", help="Of every key, which needs an admin key.")] = False,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show your limits and what you use, or those of all; set them: trainyard quotas set NAME --max-running-runs 2."""
    if context.invoked_subcommand is not None:
        return
    with connect(url) as client:
        found = client.list_quotas() if everybody else [client.usage()]
    if as_json:
        print_json({"items": [usage.document for usage in found]} if everybody else found[0].document)
    else:
        typer.echo(_format_usage(found))


@quotas.command("set")
def set_quotas(
    name: Annotated[str, typer.Argument(help="Name of the keys.")],
    *,
    max_queued_runs: Limit = None,
    max_running_runs: Limit = None,
    max_disk_bytes: Limit = None,
    max_requests_per_minute: Limit = None,
    max_priority: Priority = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Set limits of all keys of a name: trainyard quotas set ci --max-queued-runs 100 --max-priority settings."""
    limits = gather_limits(
        queued_runs=max_queued_runs,
        running_runs=max_running_runs,
        disk_bytes=max_disk_bytes,
        requests_per_minute=max_requests_per_minute,
        priority=max_priority,
    )
    if not limits:
        raise InvalidArgument("No limit was given. Give one, such as --max-running-runs 2.")
    with connect(url) as client:
        changed = client.set_quotas(name, limits)
    if as_json:
        print_json(changed.document)
    else:
        typer.echo(_format_usage([changed]))


def prune(
    *,
    older_than: Annotated[
        str | None, typer.Option(metavar="30d", help="Runs that ended longer ago: 30d, 12h, 2w.")
    ] = None,
    keep: Annotated[int | None, typer.Option(min=1, help="Ended runs to keep, the newest.")] = None,
    keep_per_experiment: Annotated[int | None, typer.Option(min=1, help="The same, of each experiment.")] = None,
    keep_tagged: Annotated[str, typer.Option(metavar="TAG", help="Runs with this tag stay.")] = "keep",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Delete old runs with all that they left: trainyard prune --older-than 30d --keep-tagged keep --dry-run.

    Runs that an alias or an unfinished batch prediction uses stay, and the newest version of each model. Without
    options the policy of the service's settings holds.
    """
    policy: dict[str, Any] = {"max_runs": keep, "max_runs_per_experiment": keep_per_experiment}
    policy["max_age_days"] = None if older_than is None else read_lifetime(older_than) / SECONDS["d"]
    policy = {name: value for name, value in policy.items() if value is not None}
    sent = policy | {"keep_tag": keep_tagged or None} if policy else None
    with connect(url) as client:
        told = client.prune(sent)
        if dry_run or not told.num_runs:
            _print_report(told, as_json=as_json)
            return
        if not yes:
            typer.confirm(f"Delete {told.num_runs:,} runs, and free {format_bytes(told.freed_bytes)}?", abort=True)
        done = client.prune(sent, dry_run=False)
        reports = [done]
        while not done.is_complete:
            done = client.prune(sent, dry_run=False)
            reports.append(done)
    if as_json:
        print_json({"items": [report.document for report in reports]})
        return
    num_runs, freed = sum(report.num_runs for report in reports), sum(report.freed_bytes for report in reports)
    typer.echo(f"Deleted {num_runs:,} runs; {format_bytes(freed)} are free.")


def gather_limits(**given: str | None) -> dict[str, int | None]:
    """Return the limits that were given, by name; None for `settings`.

    Raises:
        InvalidArgument: If one is neither a number nor that word.
    """
    limits: dict[str, int | None] = {}
    for name, text in given.items():
        if text is None:
            continue
        if text == SETTINGS:
            limits[name] = None
            continue
        try:
            limits[name] = int(text)
        except ValueError as error:
            option = f"--max-{name.replace('_', '-')}"
            raise InvalidArgument(f"{option}: '{text[:40]}' is neither a whole number nor '{SETTINGS}'.") from error
    return limits


def _print_report(report: "RetentionReport", *, as_json: bool) -> None:
    if as_json:
        print_json(report.document)
        return
    if not report.num_runs:
        typer.echo("No run is to be deleted.")
        return
    rows = [
        [run.id, run.experiment, run.model, run.ended_at[:10], run.reason, format_bytes(run.num_bytes)]
        for run in report.runs
    ]
    typer.echo(format_table(["RUN", "EXPERIMENT", "MODEL", "ENDED", "REASON", "SIZE"], rows))
    more = report.num_runs - len(report.runs)
    shown = f" ({more:,} more than shown)" if more else ""
    typer.echo(f"{report.num_runs:,} runs{shown} would be deleted, and {format_bytes(report.freed_bytes)} be free.")


def _format_usage(found: list["Usage"]) -> str:
    rows = []
    for usage in found:
        row = [usage.name or "(everybody)"]
        for name in ("queued_runs", "running_runs", "disk_bytes"):
            write = format_bytes if name == "disk_bytes" else str
            limit = usage.limits[name]
            row.append(f"{write(usage.use.get(name, 0))} of {write(limit) if limit else 'any'}")
        per_minute = usage.limits["requests_per_minute"]
        rows.append([*row, str(per_minute or "any"), str(usage.limits["priority"])])
    return format_table(["NAME", "QUEUED", "RUNNING", "DISK", "REQUESTS/MIN", "PRIORITY"], rows)
