"""Progress of a run and of a file: a live bar in a terminal, now and then a line elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from trainyard.command_line.display.formats import format_time_left
from trainyard.command_line.display.runs import format_epochs, format_progress, format_rest, headline
from trainyard.notices import Notice
from trainyard.resources.runs import RunSnapshot

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

# A log gets about so many lines, however many epochs the run has.
LINES_PER_ATTEMPT = 20

RESTING_STATES = frozenset({"queued", "paused"})
"""States in which nothing moves."""


@contextmanager
def show_progress(run: RunSnapshot) -> Iterator[Callable[[RunSnapshot], None]]:
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


@contextmanager
def show_transfer(filename: str, num_bytes: int) -> Iterator[Callable[[int], None] | None]:
    """Give a function to call with the bytes that have gone so far; None where there is no terminal to show them in."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415 - rich takes longer to load than all other commands need
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn  # noqa: PLC0415 - as above

    columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=30), DownloadColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(filename, total=num_bytes)
        yield lambda num_sent: bar.update(task, completed=num_sent)


class _Warnings:
    """Tells warnings, each once, as they come up."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._told: set[Notice] = set()

    def __call__(self, run: RunSnapshot) -> None:
        for warning in run.warnings:
            if warning not in self._told:
                self._told.add(warning)
                self._tell(f"Warning: {warning}")


class _LiveBar:
    def __init__(self, bar: "RichProgress", task: "TaskID") -> None:
        self._bar = bar
        self._task = task
        self._warn = _Warnings(lambda text: bar.console.print(text, markup=False, highlight=False, soft_wrap=True))

    def __call__(self, run: RunSnapshot) -> None:
        self._warn(run)
        progress = run.progress
        if progress is None or run.state in RESTING_STATES:
            done = progress.fraction if progress is not None and run.state == "paused" else 0.0
            self._bar.update(self._task, description=run.state, completed=done, details=format_rest(run))
            return
        parts = [format_epochs(progress), headline(run.latest_metrics)]
        if progress.eta_seconds is not None:
            parts.append(format_time_left(progress.eta_seconds))
        details = "  ".join(part for part in parts if part)
        self._bar.update(self._task, description=progress.phase, completed=progress.fraction, details=details)


class _LineByLine:
    def __init__(self) -> None:
        self._said: tuple[str, int, str, int, str] | None = None
        self._warn = _Warnings(lambda text: typer.echo(text, err=True))

    def __call__(self, run: RunSnapshot) -> None:
        self._warn(run)
        if run.has_ended:
            return
        progress = run.progress if run.state == "running" else None
        phase, share = (progress.phase, int(progress.fraction * LINES_PER_ATTEMPT)) if progress else ("", 0)
        saying = (run.state, run.attempt, phase, share, format_rest(run))
        if saying == self._said:
            return
        self._said = saying
        parts = [run.state, format_rest(run)]
        if progress is not None:
            parts += [format_progress(progress), headline(run.latest_metrics)]
        typer.echo("  ".join(part for part in parts if part), err=True)
