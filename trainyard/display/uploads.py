"""The progress of a file on its way to the service or from it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def show_upload(filename: str, num_bytes: int) -> Iterator[Callable[[int], None] | None]:
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
