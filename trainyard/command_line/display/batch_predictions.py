"""Batch predictions in words, and their progress: a live bar in a terminal, now and then a line elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from trainyard.command_line.display.formats import format_bytes, format_fields, format_time_left
from trainyard.resources.batch_predictions import BatchSnapshot

NUM_LINES = 10
NUM_NAMED = 5


@contextmanager
def show_batch_progress(batch: BatchSnapshot) -> Iterator[Callable[[BatchSnapshot], None]]:
    """Give a function to call with the batch prediction each time it was looked at; it shows on standard error."""
    if not sys.stderr.isatty():
        yield _LineByLine()
        return
    from rich.console import Console  # noqa: PLC0415 - rich takes longer to load than all other commands need
    from rich.progress import BarColumn, Progress, TextColumn  # noqa: PLC0415 - as above

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[details]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(batch.state, total=1.0, details="")

        def show(seen: BatchSnapshot) -> None:
            bar.update(task, description=seen.state, completed=_share(seen), details=format_rows(seen))

        yield show


class _LineByLine:
    def __init__(self) -> None:
        self._said: tuple[str, int] | None = None

    def __call__(self, batch: BatchSnapshot) -> None:
        saying = (batch.state, int(_share(batch) * NUM_LINES))
        if batch.has_ended or saying == self._said:
            return
        self._said = saying
        typer.echo("  ".join(part for part in (batch.state, format_rows(batch)) if part), err=True)


def format_rows(batch: BatchSnapshot) -> str:
    """Return the rows that are done, their rate and the time that is left."""
    progress = batch.progress
    if progress is None:
        return ""
    parts = [f"{progress.num_done:,} of {progress.num_rows:,} rows"]
    if progress.rows_per_second is not None:
        parts.append(f"{progress.rows_per_second:,.0f} rows/s")
    if progress.eta_seconds is not None:
        parts.append(format_time_left(progress.eta_seconds))
    return "  ".join(parts)


def format_batch_prediction(batch: BatchSnapshot, path: Path) -> str:
    """Return where the answers are, and what is to know about them."""
    refused = batch.document.get("refused_rows") or []
    named = [(f"row {row['row']}", row["detail"]) for row in refused[:NUM_NAMED]]
    return format_fields(
        [
            ("saved", f"{path} ({format_bytes(batch.result_bytes or 0)})"),
            ("model", f"{batch.model} version {batch.model_version}"),
            ("dataset", f"{batch.dataset} version {batch.dataset_version}"),
            ("rows", "" if batch.progress is None else f"{batch.progress.num_rows:,}"),
            ("without an answer", f"{batch.num_refused:,}" if batch.num_refused else ""),
            *named,
        ]
    )


def _share(batch: BatchSnapshot) -> float:
    progress = batch.progress
    return 0.0 if progress is None or not progress.num_rows else progress.num_done / progress.num_rows
