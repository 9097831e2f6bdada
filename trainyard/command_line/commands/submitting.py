"""`trainyard presets`, `validate` and `run`: list presets, validate specs and submit runs."""

from typing import TYPE_CHECKING, Annotated

import typer

from trainyard.command_line.display.formats import (
    format_bytes,
    format_count,
    format_duration,
    format_fields,
    format_shape,
    format_table,
)
from trainyard.command_line.display.progress import show_progress
from trainyard.command_line.display.runs import format_outcome
from trainyard.command_line.options import AsJson, Assignments, Url, Variant, connect, print_json
from trainyard.command_line.specs import read_choice

if TYPE_CHECKING:
    from trainyard.resources.specs import Preset, SpecReport
    from trainyard.run import Run

INTERRUPTED = 130


def presets(
    name: Annotated[str | None, typer.Argument(help="Show this preset's spec.", show_default=False)] = None,
    *,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """List the presets, or show one with its spec."""
    with connect(url) as client:
        if name is not None:
            preset = client.get_preset(name)
            if not as_json:
                typer.echo(_format_heading(preset), err=True)
            # The spec alone is on standard output, so that it can be saved, changed and run.
            print_json(preset.document if as_json else preset.spec)
            return
        found = client.list_presets()
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
        choice = read_choice(client, what, assignments or (), variant)
        report = client.validate(choice.preset_or_spec, overrides=choice.overrides)
    if as_json:
        print_json(report.document)
    else:
        typer.echo(_format_report(report))


def run(
    what: Annotated[
        str, typer.Argument(metavar="PRESET_OR_FILE", help="A preset's name, a spec's JSON file, or - for stdin.")
    ],
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the run; exit 0 only if it succeeds.")] = False,
    assignments: Assignments = None,
    variant: Variant = None,
    experiment: Annotated[str | None, typer.Option(help="Group of runs it belongs to.", show_default=False)] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Train a preset or a spec. Prints the id of the new run."""
    with connect(url) as client:
        choice = read_choice(client, what, assignments or (), variant)
        submitted = client.submit(choice.preset_or_spec, overrides=choice.overrides, experiment=experiment)
        if watch:
            follow(submitted, as_json=as_json)
        elif as_json:
            print_json(submitted.snapshot.document)
        else:
            typer.echo(submitted.id)
            for warning in submitted.snapshot.warnings:
                typer.echo(f"Warning: {warning}", err=True)
            typer.echo(f"The run is {submitted.state}. Look at it with: trainyard show {submitted.id}", err=True)


def follow(run: "Run", *, as_json: bool) -> None:
    """Show a run's progress until it has ended, then its outcome.

    Raises:
        typer.Exit: With code 1 unless the run succeeded; 130 if the user pressed Ctrl-C, which leaves the run going.
    """
    if not as_json:
        typer.echo(f"Run {run.id}", err=True)
    try:
        with show_progress(run.snapshot) as show:
            run.watch(lambda seen: show(seen.snapshot), check=False)
    except KeyboardInterrupt as interrupt:
        typer.echo(f"The run continues. Cancel it with: trainyard cancel {run.id}", err=True)
        raise typer.Exit(INTERRUPTED) from interrupt
    if as_json:
        print_json(run.snapshot.document)
    else:
        typer.echo(format_outcome(run.snapshot))
    if not run.has_succeeded:
        raise typer.Exit(1)


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
    is_partly_frozen = bool(report.spec.get("training", {}).get("frozen_layers"))
    fields = [
        ("parameters", format_count(report.num_parameters)),
        *([("trained", format_count(report.num_trainable_parameters))] if is_partly_frozen else []),
        ("training steps", format_count(report.num_steps)),
        ("operations a step", format_count(report.flops_per_step)),
        ("memory", format_bytes(report.memory_bytes)),
        *[("warning", str(warning)) for warning in report.warnings],
    ]
    table = format_table(["LAYER", "TYPE", "OUTPUT SHAPE", "PARAMETERS"], rows, right={"PARAMETERS"})
    return f"{table}\n\n{format_fields(fields)}"
