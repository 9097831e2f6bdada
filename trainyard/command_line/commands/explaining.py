"""`trainyard explain`: why a model predicts what it does."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from trainyard.command_line.display.explanations import format_explanations
from trainyard.command_line.instances import find_instances, read_input
from trainyard.command_line.options import AsJson, Url, connect, print_json, save_bytes


class Method(StrEnum):
    """Way to explain a prediction."""

    SHAPLEY = "shapley"
    OCCLUSION = "occlusion"


def explain(
    model: Annotated[str, typer.Argument(help="Name of the model.")],
    rows: Annotated[
        str, typer.Argument(metavar="JSON|@FILE|-", help="A row or a list of rows; @FILE may be an image.")
    ],
    *,
    version: Annotated[int | None, typer.Option(help="Number of the version; default: newest.", min=1)] = None,
    label: Annotated[str | None, typer.Option(help="Alias of the version, such as production.")] = None,
    target: Annotated[
        str | None, typer.Option(help="Class to explain, or number of an output.", show_default="the predicted class")
    ] = None,
    method: Annotated[
        Method | None, typer.Option(help="Way to explain.", show_default="shapley, of images occlusion")
    ] = None,
    samples: Annotated[
        int | None, typer.Option(help="Orders of columns to draw, of more than ten columns.", min=1, show_default="512")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Equal seeds draw the same orders.", min=0)] = None,
    svg: Annotated[
        Path | None, typer.Option("--svg", metavar="FILE", help="Save it as a picture.", show_default=False)
    ] = None,
    png: Annotated[
        Path | None, typer.Option("--png", metavar="FILE", help="Save heat maps of images.", show_default=False)
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show what each column of a row contributes to a prediction, or which parts of an image matter.

    For example: trainyard explain iris-keras '[6.3, 3.3, 6.0, 2.5]' --svg why.svg
    """
    value = read_input(rows)
    with connect(url) as client:
        instances = find_instances(value, lambda: client.get_row_shape(model, version=version, label=label))
        asked: dict[str, Any] = {
            "version": version,
            "label": label,
            "target": target if target is None or not target.isdecimal() else int(target),
            "method": method,
            "num_samples": samples,
            "seed": seed,
        }
        for form, path in (("svg", svg), ("png", png)):
            if path is not None:
                save_bytes(client.draw_explanation(model, instances, form, **asked), path)
        if svg is not None or png is not None:
            return
        found = client.explain(model, instances, **asked)
    if as_json:
        print_json(found.document)
    else:
        typer.echo(format_explanations(found))
