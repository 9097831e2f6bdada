"""`trainyard models add`: networks that were trained elsewhere."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from trainyard.command_line.display.progress import show_transfer
from trainyard.command_line.options import AsJson, Url, connect, print_json
from trainyard.errors import InvalidArgument
from trainyard.uploads import FileUpload


def add(
    name: Annotated[str, typer.Argument(help="Name of the model, new or not.")],
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The network, an ONNX file.")],
    *,
    signature: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What the network does not say, JSON.", show_default=False),
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Serve a network as the next version of a model: trainyard models add flowers net.onnx --signature names.json.

    The signature may name columns and classes: {"columns": ["width"], "class_labels": ["no", "yes"]}.
    """
    given = None if signature is None else _read_signature(signature)
    num_bytes = FileUpload(path).num_bytes
    with connect(url) as client, show_transfer(path.name or name, num_bytes) as on_progress:
        added = client.upload_model(name, path, signature=given, on_progress=on_progress)
    if as_json:
        print_json(added.document)
        return
    typer.echo(f"Added {added.model}, version {added.version}: {_describe_signature(added.signature)}.")


def _read_signature(path: Path) -> dict[str, Any]:
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidArgument(f"'{path}' cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise InvalidArgument(f"'{path}' is not JSON: {error}.") from error
    if not isinstance(given, dict):
        raise InvalidArgument(f"'{path}' does not hold a JSON object.")
    return given


def _describe_signature(signature: Mapping[str, Any]) -> str:
    """Return inputs and outputs in a few words: `x float32 [4] → p float32 [3]`."""
    inputs, outputs = (
        ", ".join(map(_describe_tensor, [signature[role], *signature[f"other_{role}s"]]))
        for role in ("input", "output")
    )
    return f"{inputs} → {outputs}"


def _describe_tensor(tensor: Mapping[str, Any]) -> str:
    sizes = ", ".join("any" if size < 0 else str(size) for size in tensor["shape"])
    return f"{tensor['name']} {tensor['dtype']} [{sizes}]"
