"""Data that the API processes of one start leave for each other, in files of a folder that they share.

A process publishes what it knows and reads what the others published. With a single process there is no folder: nothing
is written, and there are no others.
"""

import fcntl
import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from core.system.process_group import EXCHANGE_DIR, PROCESS_NUMBER

logger = logging.getLogger(__name__)

Json = Any
"""Value that json.dumps takes: dict, list, str, numbers, bool, None."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """Latest publication of a process.

    Attributes:
        number: Number of the process; one that replaces it has the same.
        is_running: False if the process has ended and the one that replaces it has not published yet.
    """

    number: int
    is_running: bool
    content: Json


@dataclass(slots=True)
class SharedState:
    """State of all processes together, while this one alone may change it.

    Attributes:
        content: As it was left the last time; None at first. Assign to change it.
    """

    content: Json = None


class Exchange:
    """The processes' folder. Every method may be called from any thread; names are words of letters and underscores.

    Attributes:
        number: Number of this process, from 0.
    """

    def __init__(self, folder: Path | None = None, number: int = 0) -> None:
        """Create it; nothing is read or written yet.

        Args:
            folder: Folder of all processes; None for a single one.
            number: Number of this process.
        """
        self._folder = folder
        self.number = number
        self._alone: dict[str, SharedState] = {}
        self._is_failing = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Create the exchange that the program which started this process made."""
        folder = environment.get(EXCHANGE_DIR)
        return cls(Path(folder), int(environment[PROCESS_NUMBER])) if folder else cls()

    @property
    def is_shared(self) -> bool:
        """Return True if there may be other processes."""
        return self._folder is not None

    def publish(self, name: str, content: Json) -> None:
        """Replace what this process published under a name. It outlasts the process, up to the end of all of them."""
        if self._folder is not None:
            self._write(self._folder / f"{name}.{self.number}", {"pid": os.getpid(), "content": content})

    def read_others(self, name: str) -> list[Contribution]:
        """Return what each of the other processes published last under a name, in order of their numbers."""
        return [each for each in self._read_all(name) if each.number != self.number]

    def read_left(self, name: str) -> Json:
        """Return what the process that this one replaces published last; None if it replaces none, or has published."""
        for each in self._read_all(name):
            if each.number == self.number and not each.is_running:
                return each.content
        return None

    @contextmanager
    def exclusive(self, name: str) -> Iterator[SharedState]:
        """Give the one state that all processes have under a name, and store it at the end of the block.

        Other processes wait meanwhile. An error in the block leaves the state as it was. Threads of one process must
        not do this at the same time under one name.
        """
        if self._folder is None:
            before = self._alone.setdefault(name, SharedState())
            state = SharedState(before.content)
            yield state
            before.content = state.content
            return
        path = self._folder / f"{name}.all"
        lock = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            state = SharedState(_read(path))
            yield state
            self._write(path, state.content)
        finally:
            os.close(lock)

    def _read_all(self, name: str) -> Iterator[Contribution]:
        if self._folder is None:
            return
        numbers = sorted(int(path.suffix[1:]) for path in self._folder.glob(f"{name}.*") if path.suffix[1:].isdigit())
        for number in numbers:
            published = _read(self._folder / f"{name}.{number}")
            if published is not None:
                is_own = published["pid"] == os.getpid()
                yield Contribution(number, is_own or _is_running(published["pid"]), published["content"])

    def _write(self, path: Path, content: Json) -> None:
        """Replace a file by one rename, so that readers see the old content or the new one."""
        new = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            new.write_text(json.dumps(content, separators=(",", ":")))
            new.replace(path)
        except OSError as error:
            if not self._is_failing:
                logger.warning("Metrics of the API processes are incomplete: %s cannot be written: %s", path, error)
            self._is_failing = True
        else:
            self._is_failing = False


def _read(path: Path) -> Json:
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return None


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
