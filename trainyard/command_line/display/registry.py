"""Models, versions, aliases and comparisons as people read them."""

from collections.abc import Sequence
from typing import Any

from trainyard.command_line.display.formats import format_age, format_bytes, format_fields, format_number, format_table
from trainyard.resources.aliases import Alias, AliasChange, Targets
from trainyard.resources.metrics import read_number
from trainyard.resources.registry import Comparison, Model, Version

NUM_SHOWN = 6
"""Most metrics of a version in a list."""

LONGEST_VALUE = 40


def format_models(found: Sequence[Model]) -> str:
    """Lay models out, each with its newest version."""
    rows = [
        [model.name, str(model.latest_version), str(model.num_versions), "unloaded" if model.is_unloaded else ""]
        for model in found
    ]
    return format_table(["MODEL", "NEWEST", "VERSIONS", ""], rows, right={"NEWEST", "VERSIONS"})


def format_versions(found: Sequence[Version]) -> str:
    """Lay versions out with their aliases and metrics on the test samples, or else on the validation samples."""
    rows = [
        [
            str(version.version),
            ", ".join([*version.aliases, *(f"{alias} (shadow)" for alias in version.shadow_of)]),
            version.run_id or version.source,
            format_age(version.created_at),
            _format_metrics(version),
        ]
        for version in found
    ]
    return format_table(["VERSION", "ALIASES", "RUN", "REGISTERED", "METRICS"], rows, right={"VERSION"})


def format_version(version: Version) -> str:
    """Describe a version with its lineage."""
    document: Any = version.document
    run, data = document.get("run") or {}, document.get("data") or {}
    uploaded = f"{data['dataset']}, version {data['version']}" if data.get("dataset") else data.get("source") or ""
    files = [f"{file['name']} {format_bytes(file['num_bytes'] or 0)}" for file in document.get("artifacts") or ()]
    fields = [
        ("source", version.source),
        ("run", version.run_id or ""),
        ("preset", run.get("preset") or ""),
        ("experiment", run.get("experiment") or ""),
        ("seed", str(run["seed"]) if run else ""),
        ("data", uploaded),
        ("aliases", ", ".join(version.aliases)),
        ("shadow of", ", ".join(version.shadow_of)),
        ("registered", format_age(version.created_at)),
        ("files", ", ".join(files)),
        *[(key, format_number(value)) for key, value in version.metrics.items()],
    ]
    return f"{document.get('model')}, version {version.version}\n{format_fields(fields)}"


def format_targets(targets: Targets | None) -> str:
    """Describe the versions behind an alias: `3`, `3 90%, 4 10%`, `3, shadow 5`; `nothing` for none."""
    if targets is None:
        return "nothing"
    total = sum(targets.weights.values())
    parts = [
        str(version) if len(targets.weights) == 1 else f"{version} {format_number(100 * weight / total)}%"
        for version, weight in sorted(targets.weights.items())
    ]
    return ", ".join([*parts, *([] if targets.shadow is None else [f"shadow {targets.shadow}"])])


def format_aliases(found: Sequence[Alias]) -> str:
    """Lay aliases out with the versions behind them."""
    return format_table(["ALIAS", "VERSIONS"], [[alias.name, format_targets(alias.targets)] for alias in found])


def format_history(changes: Sequence[AliasChange]) -> str:
    """Lay the changes of an alias out, newest first."""
    rows = [
        [
            format_age(change.changed_at),
            change.action.replace("_", " "),
            format_targets(change.before),
            format_targets(change.after),
            change.caller or "",
        ]
        for change in changes
    ]
    return format_table(["CHANGED", "ACTION", "BEFORE", "AFTER", "KEY"], rows)


def format_comparison(comparison: Comparison) -> str:
    """Lay the metrics, sizes and specs of versions out side by side."""
    document, numbers = comparison.document, [str(number) for number in comparison.versions]
    rows = []
    for metric in document["metrics"]:
        verdicts = {str(change["version"]): str(change["verdict"]) for change in metric["changes"]}
        rows.append(
            [metric["key"], *(_judged(metric["values"].get(number), verdicts.get(number)) for number in numbers)]
        )
    sizes = [version["num_bytes"] for version in document["versions"]]
    rows.append(["size", *("" if size is None else format_bytes(size) for size in sizes)])
    rows += [
        [f"spec {difference['pointer']}", *(_shorten(difference["values"], number) for number in numbers)]
        for difference in document["spec"]
    ]
    table = format_table(["", *(f"VERSION {number}" for number in numbers)], rows)
    missing = document["num_spec_differences"] - len(document["spec"])
    notes = [*comparison.remarks, *([f"{missing:,} more differences between the specs."] if missing else [])]
    return "\n".join([table, *notes])


def _format_metrics(version: Version) -> str:
    names = [key for key in version.metrics if key.startswith("test/")] or list(version.metrics)
    return ", ".join(f"{key} {format_number(version.metrics[key])}" for key in names[:NUM_SHOWN])


def _judged(value: Any, verdict: str | None) -> str:
    shown = "" if value is None else format_number(read_number(value))
    return shown if verdict in {None, "unknown"} else f"{shown} {verdict}"


def _shorten(values: Any, number: str) -> str:
    if number not in values:
        return ""
    text = str(values[number])
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
