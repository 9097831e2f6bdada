"""A run on one screen, and in one sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from trainyard.command_line.display.formats import (
    format_age,
    format_count,
    format_duration,
    format_fields,
    format_number,
    format_table,
    format_time_left,
    paint_state,
)
from trainyard.resources.metrics import MetricSummary
from trainyard.resources.runs import Progress, RunSnapshot

MEASURES = ("loss", "accuracy")

INTERRUPTIONS = {"pause": "pausing", "preemption": "makes room for a run of a higher priority"}


def format_run(run: RunSnapshot) -> str:
    """Describe a run: its spec, its progress, and its error if it failed."""
    version = f", version {run.model_version.version}" if run.model_version else ""
    fields = [
        ("waits for", format_wait(run).removeprefix("waits for ")),
        ("goes on", format_pause(run).removeprefix("goes on ")),
        ("model", f"{run.model}{version}"),
        ("preset", run.preset or ""),
        ("experiment", run.experiment),
        ("tags", _format_mapping(run.document.get("tags"))),
        ("notes", run.document.get("notes") or ""),
        ("attempt", f"{run.attempt} of {run.max_attempts}" if run.attempt else ""),
        ("resumed", _format_resumptions(run)),
        ("device", run.device or ""),
        ("engine", _format_engine(run.document.get("engine"))),
        ("submitted", format_age(run.created_at) if run.created_at else ""),
        ("took", format_took(run)),
        ("phases", ", ".join(f"{name} {format_duration(seconds)}" for name, seconds in run.phases.items())),
        ("progress", _format_how_far(run)),
        ("latest", headline(run.latest_metrics, has_ended=run.has_ended)),
        ("error", f"{run.error.detail} [{run.error.code}]" if run.error else ""),
        *[("warning", str(warning)) for warning in run.warnings],
        *[("problem", str(problem)) for problem in (run.error.problems if run.error else ())],
    ]
    return f"Run {run.id}  {paint_state(_format_state(run))}\n{format_fields(fields)}"


def format_wait(run: RunSnapshot) -> str:
    """Format what a queued run waits for (`waits for a repair: no trainer can start: …`); "" for any other run."""
    if run.waiting_for is None or run.state != "queued":
        return ""
    match run.waiting_for.kind:
        case "trainer":
            return "waits for a free trainer"
        case ("worker" | "repair") as kind:
            return f"waits for a {kind}: {run.waiting_for.detail}"
        case "retry":
            return f"waits for another attempt: {run.waiting_for.detail}"
        case kind:
            return f"waits for {kind}: {run.waiting_for.detail}"


def format_pause(run: RunSnapshot) -> str:
    """Format how a paused run goes on (`goes on after: trainyard resume …`); "" for any other run."""
    return f"goes on after: trainyard resume {run.id}" if run.state == "paused" else ""


def format_rest(run: RunSnapshot) -> str:
    """Format why a queued or paused run rests; "" for any other run."""
    return format_wait(run) or format_pause(run)


def headline(latest_metrics: Mapping[str, float], *, has_ended: bool = False) -> str:
    """Format the latest losses and accuracies in one line; of an ended run the test's, where it was tested.

    Such as `loss 0.0123, accuracy 0.99, validation loss 0.02`.
    """
    sources = [("", ("train/", "epoch/train/")), ("validation ", ("epoch/validation/",))]
    if has_ended and any(key.startswith("test/") for key in latest_metrics):
        sources = [("test ", ("test/",))]
    shown = []
    for title, prefixes in sources:
        for measure in MEASURES:
            keys = [prefix + measure for prefix in prefixes if prefix + measure in latest_metrics]
            if keys:
                shown.append(f"{title}{measure} {format_number(latest_metrics[keys[0]])}")
    return ", ".join(shown)


def format_progress(progress: Progress) -> str:
    """`train: epoch 3 of 5, step 15,000 of 25,000 (60%), 12 s left`, or the phase alone before training."""
    if not progress.num_epochs and progress.phase:
        return progress.phase
    left = "" if progress.eta_seconds is None else f", {format_time_left(progress.eta_seconds)}"
    steps = f"step {format_count(progress.step)} of {format_count(progress.num_steps)}"
    phase = f"{progress.phase}: " if progress.phase else ""
    return f"{phase}{format_epochs(progress)}, {steps} ({progress.fraction:.0%}){left}"


def format_epochs(progress: Progress) -> str:
    """Format the finished epochs as `epoch 3 of 5`; "" while their total is not known."""
    if not progress.num_epochs:
        return ""
    return f"epoch {format_count(progress.epoch)} of {format_count(progress.num_epochs)}"


def format_took(run: RunSnapshot) -> str:
    """Time from submission to the end, or "" while it has not ended."""
    if run.created_at is None or run.ended_at is None:
        return ""
    return format_duration((run.ended_at - run.created_at).total_seconds())


def format_metrics(metrics: Sequence[MetricSummary]) -> str:
    """A table of metrics: last, least, greatest and best value with their steps."""
    rows = [
        [
            metric.key,
            format_count(metric.count),
            format_number(metric.last),
            format_number(metric.min),
            _format_step(metric.min_step),
            format_number(metric.max),
            _format_step(metric.max_step),
            "" if metric.best is None else format_number(metric.best),
        ]
        for metric in metrics
    ]
    headers = ["METRIC", "POINTS", "LAST", "MIN", "AT STEP", "MAX", "AT STEP", "BEST"]
    return format_table(headers, rows, right=headers[1:])


def format_outcome(run: RunSnapshot) -> str:
    """Describe how a run ended: in one line, and a line for each problem of one that failed."""
    took = f" in {format_took(run)}" if format_took(run) else ""
    if run.has_succeeded:
        numbers = headline(run.latest_metrics, has_ended=True)
        version = run.model_version
        model = f" Model {version.name}, version {version.version}." if version else ""
        return f"Run {run.id} succeeded{took}{': ' + numbers if numbers else ''}.{model}"
    if run.error is not None:
        problems = [f"  {problem}" for problem in run.error.problems]
        return "\n".join([f"Run {run.id} {run.state}{took}: {run.error.detail}", *problems])
    return f"Run {run.id} {run.state}{took}."


def _format_state(run: RunSnapshot) -> str:
    """Format the state, and what was asked of a run that has not yet come to it: `running, pausing`."""
    if run.has_ended:
        return run.state
    asked = "cancel requested" if run.is_cancel_requested else INTERRUPTIONS.get(run.interruption or "")
    return f"{run.state}, {asked}" if asked else run.state


def _format_resumptions(run: RunSnapshot) -> str:
    """Format where attempts went on from checkpoints: `attempt 2 at step 24,000`."""
    found = [(attempt.number, attempt.resumed_at_step) for attempt in run.attempts]
    return ", ".join(f"attempt {number} at step {format_count(step)}" for number, step in found if step is not None)


def _format_how_far(run: RunSnapshot) -> str:
    """Progress, of a run that ended early without the time left; nothing of a run that came to its end."""
    if run.progress is None or run.has_succeeded:
        return ""
    return format_progress(replace(run.progress, eta_seconds=None) if run.has_ended else run.progress)


def _format_mapping(values: Mapping[str, Any] | None) -> str:
    return ", ".join(f"{name} {value}" for name, value in (values or {}).items() if value is not None)


def _format_engine(engine: Mapping[str, Any] | None) -> str:
    """`plan graph, batch_size 16, 4,730 steps/s`: the main facts; the rest is in the JSON."""
    facts = engine or {}
    parts = [f"{name} {facts[name]}" for name in ("plan", "batch_size") if name in facts]
    if "steps_per_second" in facts:
        parts.append(f"{format_count(round(facts['steps_per_second']))} steps/s")
    return ", ".join(parts)


def _format_step(step: int | None) -> str:
    return "" if step is None else format_count(step)
