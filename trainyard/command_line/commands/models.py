"""`trainyard predict` and `trainyard evaluation`: answers of a trained model, and how good they are."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trainyard.command_line.display.evaluation import format_evaluation
from trainyard.command_line.display.predictions import format_predictions
from trainyard.command_line.instances import find_instances, read_input
from trainyard.command_line.options import AsJson, RunId, Url, connect, find_run_id, print_json, save_text
from trainyard.errors import InvalidRequest

if TYPE_CHECKING:
    from trainyard.client import Client
    from trainyard.resources.models import Predictions

NOTHING_HELD_OUT = "No samples were held out from this run's training. Set dataset.split in its spec."


class Split(StrEnum):
    """Samples that were held out."""

    VALIDATION = "validation"
    TEST = "test"


def predict(
    model: Annotated[str, typer.Argument(help="Name of the model.")],
    rows: Annotated[
        str,
        typer.Argument(metavar="JSON|@FILE|-", help="A row or a list of rows; @FILE may be an image."),
    ],
    *,
    version: Annotated[int | None, typer.Option(help="Number of the version; default: newest.", min=1)] = None,
    label: Annotated[str | None, typer.Option(help="Alias of the version, such as production.")] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Bare probabilities instead of class labels.")] = False,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Predict with a trained model.

    For example: trainyard predict binary-adder '{"a":45,"b":77}'
    """
    value = read_input(rows)
    with connect(url) as client:
        instances = find_instances(value, lambda: client.get_row_shape(model, version=version, label=label))
        answer = _predict(client, model, instances, version=version, label=label, raw=raw)
    if as_json:
        version_text = None if answer.version is None else str(answer.version)
        print_json({"model": answer.model, "version": version_text, "predictions": list(answer.rows)})
    else:
        typer.echo(format_predictions(instances, answer.rows))


def evaluation(
    run_id: RunId,
    *,
    svg: Annotated[
        Path | None, typer.Option("--svg", metavar="FILE", help="Save it as a picture.", show_default=False)
    ] = None,
    split: Annotated[
        Split | None, typer.Option(help="Of which samples the picture is.", show_default="test, else validation")
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show how well a run's model answers samples it has not learned from."""
    with connect(url) as client:
        full_id = find_run_id(client, run_id)
        found = client.run(full_id).evaluation()
        if svg is not None:
            save_text(client.run(full_id).evaluation_picture(split=split), svg)
    if as_json:
        print_json(found.document)
    elif svg is None:
        typer.echo(format_evaluation(found) or NOTHING_HELD_OUT)


def _predict(
    client: "Client",
    model: str,
    instances: list[Any],
    *,
    version: int | None,
    label: str | None,
    raw: bool,
) -> "Predictions":
    """Ask for class labels first: people want them, but only a classifier has them and others reject the request."""
    # Rows that are objects get labels without asking.
    if not raw and not all(isinstance(instance, dict) for instance in instances):
        try:
            return client.predict(model, instances, version=version, label=label, with_labels=True)
        except InvalidRequest:
            # If the rows are what is wrong, the request without labels is rejected for the same reason.
            pass
    return client.predict(model, instances, version=version, label=label)
