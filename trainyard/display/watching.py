"""Following a run: a live bar in a terminal, now and then a line elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from trainyard.display.formats import format_time_left
from trainyard.display.metrics import headline
from trainyard.display.run_sheet import format_epochs, format_progress
from trainyard.run_answers import Run

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

# A log gets about so many lines, however many epochs the run has.
LINES_PER_ATTEMPT = 20


@contextmanager
def show_progress(run: Run) -> Iterator[Callable[[Run], None]]:
    """Give a function to call with the run each time it was looked at.

    Shows on standard error, so that standard output carries the result alone.
    """
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
        yield _LiveBar(bar, bar.add_task(run.state, total=1.0, details=""))


class _LiveBar:
    def __init__(self, bar: "RichProgress", task: "TaskID") -> None:
        self._bar = bar
        self._task = task

    def __call__(self, run: Run) -> None:
        progress = run.progress
        if progress is None or run.state == "queued":
            self._bar.update(self._task, description=run.state, completed=0.0, details="")
            return
        parts = [format_epochs(progress), headline(run.latest_metrics)]
        if progress.eta_seconds is not None:
            parts.append(format_time_left(progress.eta_seconds))
        details = "  ".join(part for part in parts if part)
        self._bar.update(self._task, description=progress.phase, completed=progress.fraction, details=details)


class _LineByLine:
    def __init__(self) -> None:
        self._said: tuple[str, int, str, int] | None = None

    def __call__(self, run: Run) -> None:
        if run.has_ended:
            return
        progress = run.progress if run.state == "running" else None
        phase, share = (progress.phase, int(progress.fraction * LINES_PER_ATTEMPT)) if progress else ("", 0)
        saying = (run.state, run.attempt, phase, share)
        if saying == self._said:
            return
        self._said = saying
        parts = [run.state]
        if progress is not None:
            parts += [format_progress(progress), headline(run.latest_metrics)]
        typer.echo("  ".join(part for part in parts if part), err=True)
