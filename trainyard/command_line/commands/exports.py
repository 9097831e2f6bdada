"""`trainyard export`: runs for TensorBoard and MLflow."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trainyard.command_line.options import AsJson, Url, connect, find_run_id, print_json
from trainyard.errors import InvalidArgument

if TYPE_CHECKING:
    from trainyard.client import Client
    from trainyard.run import Run

exports = typer.Typer(no_args_is_help=True, help="Write runs for other tools: TensorBoard, MLflow.")

RunIds = Annotated[
    list[str] | None, typer.Argument(metavar="[ID]...", help="Ids of runs, or their beginnings.", show_default=False)
]
Experiment = Annotated[str | None, typer.Option(help="All runs of this experiment.", show_default=False)]
Condition = Annotated[
    str | None,
    typer.Option("--filter", help='All runs that fit: "state = succeeded and tags.team = vision".', show_default=False),
]


@exports.command()
def tensorboard(
    run_ids: RunIds = None,
    *,
    experiment: Experiment = None,
    condition: Condition = None,
    target: Annotated[Path, typer.Option("--to", metavar="DIR", help="Folder for the folders of the runs.")] = Path(
        "tensorboard"
    ),
    url: Url = None,
) -> None:
    """Write event files of runs, for `tensorboard --logdir DIR`."""
    with connect(url) as client:
        for run in _find_runs(client, run_ids or (), experiment, condition):
            typer.echo(run.save_tensorboard(target))
    typer.echo(f"Look at them with: tensorboard --logdir '{target}'", err=True)


@exports.command()
def mlflow(
    uri: Annotated[str, typer.Argument(metavar="URI", help="Address of the server: http://127.0.0.1:5000")],
    run_ids: RunIds = None,
    *,
    experiment: Experiment = None,
    condition: Condition = None,
    to_experiment: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="MLflow's experiment. Default: that of each run.", show_default=False),
    ] = None,
    max_points: Annotated[
        int | None,
        typer.Option(metavar="N", min=2, help="Thin curves to about N points. Default: all.", show_default=False),
    ] = None,
    files: Annotated[bool, typer.Option("--files/--no-files", help="Export the files of runs too.")] = True,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Send runs to an MLflow server; again, to bring those that it has up to date.

    Credentials: MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN.
    """
    from trainyard.exports.mlflow import MlflowExport  # noqa: PLC0415 - loads httpx
    from trainyard.exports.mlflow_server import MlflowServer  # noqa: PLC0415 - loads httpx

    sent = []
    with connect(url) as client, MlflowServer(uri) as server:
        export = MlflowExport(
            server, client.base_url, experiment=to_experiment, max_points=max_points, with_files=files
        )
        for run in _find_runs(client, run_ids or (), experiment, condition):
            exported = export.export_run(run)
            sent.append(asdict(exported))
            if exported.warning:
                typer.echo(f"Warning: {exported.warning}", err=True)
            if not as_json:
                typer.echo(f"{run.id}: {exported.num_points:,} points, {exported.num_files} files. {exported.url}")
    if as_json:
        print_json({"items": sent})


def _find_runs(
    client: "Client", run_ids: Sequence[str], experiment: str | None, condition: str | None
) -> Iterator["Run"]:
    """Yield the runs that are named, or those that fit, oldest first.

    Raises:
        InvalidArgument: If neither or both are given, or no run fits.
    """
    is_search = experiment is not None or condition is not None
    if bool(run_ids) == is_search:
        raise InvalidArgument("Name the runs to export, or choose them with --experiment or --filter.")
    if not is_search:
        yield from [client.run(find_run_id(client, run_id)) for run_id in run_ids]
        return
    found = list(client.list_runs(experiment=experiment, filter=condition))
    if not found:
        given = {"--experiment": experiment, "--filter": condition}
        chosen = " ".join(f"{option} '{text}'" for option, text in given.items() if text is not None)
        raise InvalidArgument(f"No run fits {chosen}.")
    yield from reversed(found)
