"""`trainyard webhooks`: who is told of ended runs."""

import sys
from enum import StrEnum
from itertools import islice
from typing import Annotated

import typer

from trainyard.command_line.display.webhooks import format_deliveries, format_webhook, format_webhooks
from trainyard.command_line.options import AsJson, Url, connect, print_json
from trainyard.errors import Conflict

webhooks = typer.Typer(help="Tell other services of ended runs.", no_args_is_help=True, rich_markup_mode=None)

WebhookId = Annotated[str, typer.Argument(metavar="ID", help="The webhook's id.")]

LARGEST_PAGE = 200

SECRET_NOT_KEPT = "secret_not_kept"  # noqa: S105 - It is a code of an error, and no secret.


class End(StrEnum):
    """States in which a run ends."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@webhooks.command("list")
def list_webhooks(*, as_json: AsJson = False, url: Url = None) -> None:
    """List the webhooks, newest first, without their secrets."""
    with connect(url) as client:
        found = client.list_webhooks()
    if as_json:
        print_json({"items": [webhook.document for webhook in found]})
    elif found:
        typer.echo(format_webhooks(found))
    else:
        typer.echo("There are no webhooks. Make one with: trainyard webhooks make ADDRESS", err=True)


@webhooks.command()
def make(
    address: Annotated[str, typer.Argument(help="Address to tell, such as https://hooks.example.org/trainyard.")],
    *,
    states: Annotated[
        list[End] | None, typer.Option("--state", help="End that is told; repeatable. Default: all.")
    ] = None,
    experiment: Annotated[str | None, typer.Option(help="Only runs of this experiment.", show_default=False)] = None,
    model: Annotated[str | None, typer.Option(help="Only runs that train this model.", show_default=False)] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Make a webhook and print its secret, this once: trainyard webhooks make https://hooks.example.org/trainyard."""
    with connect(url) as client:
        try:
            made = client.make_webhook(
                address, states=[state.value for state in states or ()], experiment=experiment, model=model
            )
        except Conflict as error:
            if error.code != SECRET_NOT_KEPT:
                raise
            # The service speaks of requests; who uses this command has sent none.
            detail = f"{error.detail} That is: trainyard webhooks delete ID, and then this command once more."
            raise Conflict(detail, status=error.status, code=error.code) from error
    if as_json:
        print_json(made.document)
        return
    typer.echo(made.secret)
    typer.echo(
        f"This is the secret of webhook {made.webhook.id}. Keep it now, it is not shown again: the receiver verifies "
        "messages with it.",
        err=True,
    )


@webhooks.command()
def show(webhook_id: WebhookId, *, as_json: AsJson = False, url: Url = None) -> None:
    """Show a webhook: what it is told, and since when it could not be reached, if so."""
    with connect(url) as client:
        found = client.get_webhook(webhook_id)
    if as_json:
        print_json(found.document)
    else:
        typer.echo(format_webhook(found))


@webhooks.command()
def deliveries(
    webhook_id: WebhookId,
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """List the messages to a webhook, newest first, and what became of them."""
    with connect(url) as client:
        found = list(islice(client.list_deliveries(webhook_id, page_size=min(limit, LARGEST_PAGE)), limit))
    if as_json:
        print_json({"items": [delivery.document for delivery in found]})
    elif found:
        typer.echo(format_deliveries(found))
    else:
        typer.echo("There are no messages: no run that this webhook is told of has ended in the last week.", err=True)


@webhooks.command()
def enable(webhook_id: WebhookId, *, as_json: AsJson = False, url: Url = None) -> None:
    """Send messages again after a webhook was disabled. Runs that ended meanwhile are not told."""
    with connect(url) as client:
        enabled = client.enable_webhook(webhook_id)
    if as_json:
        print_json(enabled.document)
    else:
        typer.echo(f"Webhook {enabled.id} is enabled.")


@webhooks.command()
def delete(
    webhook_id: WebhookId,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before deleting.")] = False,
    url: Url = None,
) -> None:
    """Delete a webhook. What waits to be sent is not sent any more."""
    with connect(url) as client:
        if not yes and sys.stdin.isatty():
            typer.confirm(f"Delete webhook {webhook_id} with the messages that wait?", abort=True)
        client.delete_webhook(webhook_id)
    typer.echo(f"Webhook {webhook_id} is deleted.")
