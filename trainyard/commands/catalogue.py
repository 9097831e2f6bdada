"""`trainyard presets` and `trainyard validate`: what can be run, and what it would be."""

from typing import TYPE_CHECKING, Annotated

import typer

from trainyard.commands.options import AsJson, Assignments, Url, Variant, connect, print_json
from trainyard.display.formats import format_bytes, format_count, format_duration, format_shape
from trainyard.display.tables import format_fields, format_table
from trainyard.spec_choice import read_choice

if TYPE_CHECKING:
    from trainyard.catalogue_answers import Preset, SpecReport


def presets(
    name: Annotated[str | None, typer.Argument(help="Show this preset's spec.", show_default=False)] = None,
    *,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """List the presets, or show one with its spec."""
    with connect(url) as client:
        if name is not None:
            preset = client.preset(name)
            if not as_json:
                typer.echo(_format_heading(preset), err=True)
            # The spec alone is on standard output, so that it can be saved, changed and run.
            print_json(preset.document if as_json else preset.spec)
            return
        found = client.presets()
    if as_json:
        print_json({"items": [preset.document for preset in found]})
    else:
        rows = [[preset.name, preset.title, _expected(preset), preset.published] for preset in found]
        typer.echo(format_table(["PRESET", "TITLE", "TAKES", "PUBLISHED FIGURE"], rows, right={"TAKES"}))


def validate(
    what: Annotated[
        str, typer.Argument(metavar="PRESET_OR_FILE", help="A preset's name, a spec's JSON file, or - for stdin.")
    ],
    *,
    assignments: Assignments = None,
    variant: Variant = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Check a spec without running it and show its layers."""
    with connect(url) as client:
        report = client.validate_spec(**read_choice(client, what, assignments or (), variant))
    if as_json:
        print_json(report.document)
    else:
        typer.echo(_format_report(report))


def _format_heading(preset: "Preset") -> str:
    variants = ", ".join(preset.document.get("variants") or {})
    fields = [
        ("teaches", preset.teaches),
        ("published", preset.published),
        ("takes about", _expected(preset)),
        ("variants", variants),
    ]
    return f"{preset.name}: {preset.title}\n{format_fields(fields)}"


def _expected(preset: "Preset") -> str:
    seconds = preset.document.get("expected_seconds")
    return format_duration(seconds) if isinstance(seconds, int | float) else ""


def _format_report(report: "SpecReport") -> str:
    rows = [
        [layer.name, layer.type, format_shape(layer.output_shape), format_count(layer.num_parameters)]
        for layer in report.layers
    ]
    fields = [
        ("parameters", format_count(report.num_parameters)),
        ("training steps", format_count(report.num_steps)),
        ("operations a step", format_count(report.flops_per_step)),
        ("memory", format_bytes(report.memory_bytes)),
        *[("warning", warning) for warning in report.warnings],
    ]
    table = format_table(["LAYER", "TYPE", "OUTPUT SHAPE", "PARAMETERS"], rows, right={"PARAMETERS"})
    return f"{table}\n\n{format_fields(fields)}"
