"""`trainyard models`: the models there are, promoting and rolling back their versions."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from trainyard.command_line.display.registry import (
    format_aliases,
    format_comparison,
    format_history,
    format_models,
    format_targets,
    format_version,
    format_versions,
)
from trainyard.command_line.options import AsJson, Url, connect, print_json
from trainyard.errors import InvalidArgument, NotFound

if TYPE_CHECKING:
    from trainyard.client import Client
    from trainyard.resources.aliases import Alias

ALL_PERCENT = 100

models = typer.Typer(help="List models and versions, compare, promote and roll them back.", rich_markup_mode=None)

Model = Annotated[str, typer.Argument(help="Name of the model.")]
Version = Annotated[int, typer.Argument(help="Number of the version.", min=1)]
AliasName = Annotated[str, typer.Option("--alias", help="The alias.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before deleting.")]
Force = Annotated[bool, typer.Option("--force", help="Take it out of its aliases too.")]

PRODUCTION = "production"


@models.callback(invoke_without_command=True)
def list_models(context: typer.Context, *, as_json: AsJson = False, url: Url = None) -> None:
    """List models and versions, compare, promote and roll them back."""
    if context.invoked_subcommand is not None:
        return
    with connect(url) as client:
        found = list(client.registry.list_models())
    if as_json:
        print_json({"items": [model.document for model in found]})
    elif found:
        typer.echo(format_models(found))
    else:
        typer.echo("There are no models yet. Train one with: trainyard run iris-keras", err=True)


@models.command()
def versions(model: Model, *, as_json: AsJson = False, url: Url = None) -> None:
    """List the versions of a model with their metrics, newest first."""
    with connect(url) as client:
        found = list(client.registry.list_versions(model))
    if as_json:
        print_json({"items": [version.document for version in found]})
    else:
        typer.echo(format_versions(found))


@models.command()
def show(model: Model, version: Version, *, as_json: AsJson = False, url: Url = None) -> None:
    """Show where a version comes from: its run, data, metrics and files."""
    with connect(url) as client:
        found = client.registry.get_version(model, version)
    if as_json:
        print_json(found.document)
    else:
        typer.echo(format_version(found))


@models.command()
def compare(
    model: Model,
    versions: Annotated[list[int], typer.Argument(help="Numbers of two versions or more.", min=1)],
    *,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Compare versions with the first of them: trainyard models compare iris-keras 3 4."""
    with connect(url) as client:
        found = client.registry.compare(model, versions)
    if as_json:
        print_json(found.document)
    else:
        typer.echo(format_comparison(found))


@models.command()
def aliases(model: Model, *, as_json: AsJson = False, url: Url = None) -> None:
    """List the aliases of a model."""
    with connect(url) as client:
        found = list(client.registry.list_aliases(model))
    if as_json:
        print_json({"items": [alias.document for alias in found]})
    elif found:
        typer.echo(format_aliases(found))
    else:
        typer.echo(f"{model} has no aliases. Set one with: trainyard models promote {model} VERSION", err=True)


@models.command()
def promote(
    model: Model,
    version: Version,
    *,
    alias: AliasName = PRODUCTION,
    percent: Annotated[
        int, typer.Option(help="Share of the requests for it; the present version keeps the rest.", min=1, max=100)
    ] = ALL_PERCENT,
    shadow: Annotated[
        bool, typer.Option("--shadow", help="Only compare its answers; the present versions go on answering.")
    ] = False,
    if_better: Annotated[
        str | None, typer.Option(metavar="METRIC", help="Only if it is better by this: test/accuracy.")
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Set an alias to a version: trainyard models promote iris-keras 4 --if-better test/accuracy."""
    if shadow and (percent != ALL_PERCENT or if_better is not None):
        raise InvalidArgument("A shadow answers no requests. Give --shadow without --percent and --if-better.")
    with connect(url) as client:
        if shadow:
            present = client.registry.get_alias(model, alias)
            weights = dict(present.targets.weights)
            wanted = weights if len(weights) > 1 else present.targets.version
            moved = client.registry.set_alias(model, alias, wanted, shadow=version, etag=present.etag)
        elif percent < ALL_PERCENT:
            moved = _share(client, model, alias, version, percent, if_better)
        else:
            moved = client.registry.set_alias(model, alias, version, if_better=if_better)
    _print_alias(moved, as_json=as_json)


@models.command()
def rollback(model: Model, *, alias: AliasName = PRODUCTION, as_json: AsJson = False, url: Url = None) -> None:
    """Undo the last change of an alias; again to go further back."""
    with connect(url) as client:
        moved = client.registry.roll_back(model, alias)
    _print_alias(moved, as_json=as_json)


@models.command()
def history(model: Model, *, alias: AliasName = PRODUCTION, as_json: AsJson = False, url: Url = None) -> None:
    """Show the changes of an alias, newest first."""
    with connect(url) as client:
        changes = list(client.registry.get_history(model, alias))
    if as_json:
        print_json({"items": [change.document for change in changes]})
    elif changes:
        typer.echo(format_history(changes))
    else:
        typer.echo(f"The alias {alias} of {model} has not changed.", err=True)


@models.command("delete-alias")
def delete_alias(model: Model, alias: Annotated[str, typer.Argument(help="The alias.")], *, url: Url = None) -> None:
    """Delete an alias, but not its versions."""
    with connect(url) as client:
        client.registry.delete_alias(model, alias)
    typer.echo(f"The alias {alias} of {model} is deleted.")


@models.command()
def delete(
    model: Model,
    *,
    version: Annotated[int | None, typer.Option("--version", help="One version only.", min=1)] = None,
    yes: Yes = False,
    force: Force = False,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Delete a model or a version that no alias uses. The runs that trained it stay."""
    what = f"model {model} with all its versions" if version is None else f"version {version} of {model}"
    with connect(url) as client:
        if not yes and sys.stdin.isatty():
            typer.confirm(f"Delete {what}?", abort=True)
        if version is None:
            deletion = client.registry.delete_model(model, force=force)
        else:
            deletion = client.registry.delete_version(model, version, force=force)
    if as_json:
        print_json(deletion.document)
        return
    typer.echo(f"Deleted {what}.")
    for words, names in (("Deleted aliases", deletion.deleted_aliases), ("Changed aliases", deletion.changed_aliases)):
        if names:
            typer.echo(f"{words}: {', '.join(names)}.")
    if deletion.kept_runs:
        typer.echo(f"Runs that stay: {', '.join(deletion.kept_runs)}.")


def _share(client: "Client", model: str, alias: str, version: int, percent: int, if_better: str | None) -> "Alias":
    """Give a version a share of an alias's requests, and the rest to the version that has them now."""
    try:
        present = client.registry.get_alias(model, alias)
    except NotFound as error:
        raise InvalidArgument(
            f"The alias '{alias}' of {model} has no present version to keep the rest. Promote one without --percent."
        ) from error
    others = [number for number in present.targets.weights if number != version]
    if len(others) != 1:
        numbers = ", ".join(map(str, present.targets.weights))
        raise InvalidArgument(
            f"The alias '{alias}' of {model} has the versions {numbers}. Shares of more than two versions, or of one "
            "that has all requests, are set through the API."
        )
    weights = {others[0]: ALL_PERCENT - percent, version: percent}
    kept = None if present.targets.shadow == version else present.targets.shadow
    return client.registry.set_alias(model, alias, weights, shadow=kept, if_better=if_better, etag=present.etag)


def _print_alias(alias: "Alias", *, as_json: bool) -> None:
    if as_json:
        print_json(alias.document)
        return
    versions = "versions" if len(alias.targets.weights) > 1 else "version"
    typer.echo(f"{alias.model} {alias.name}: {versions} {format_targets(alias.targets)}")
