"""`trainyard predict`: answer rows with a trained model."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from trainyard.commands.options import AsJson, Url, connect, print_json
from trainyard.display.predictions import format_predictions
from trainyard.errors import InvalidRequest
from trainyard.instances import find_instances, read_input

if TYPE_CHECKING:
    from trainyard.catalogue_answers import Predictions
    from trainyard.trainyard_client import TrainyardClient


def predict(
    model: Annotated[str, typer.Argument(help="Name of the model.")],
    rows: Annotated[
        str,
        typer.Argument(metavar="JSON|@FILE|-", help="A row or a list of rows; @FILE may be a PNG or JPEG image."),
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
        instances = find_instances(value, lambda: client.row_shape(model, version=version, label=label))
        answer = _predict(client, model, instances, version=version, label=label, raw=raw)
    if as_json:
        print_json({"model": answer.model, "version": answer.version, "predictions": list(answer.rows)})
    else:
        typer.echo(format_predictions(instances, answer.rows))


def _predict(
    client: "TrainyardClient",
    model: str,
    instances: list[Any],
    *,
    version: int | None,
    label: str | None,
    raw: bool,
) -> "Predictions":
    """Ask for class labels first: people want them, but only a classifier has them and others refuse."""
    # Rows that are objects get labels without asking.
    if not raw and not all(isinstance(instance, dict) for instance in instances):
        try:
            return client.predict(model, instances, version=version, label=label, with_labels=True)
        except InvalidRequest:
            # If the rows are what is wrong, the request without labels is refused for the same reason.
            pass
    return client.predict(model, instances, version=version, label=label)
