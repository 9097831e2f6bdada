"""Reports of `trainyard doctor`: lines for people as things are found, or one JSON document for programs."""

import json
import time
from collections import Counter
from dataclasses import asdict
from typing import Any, Protocol, TextIO

from core.findings import Finding

MAX_SHOWN = 100
"""Most findings of one code that are shown; the others are counted."""
PROGRESS_SECONDS = 2.0
WRONG = 1


class Report(Protocol):
    """Receives findings, and what was checked."""

    def add(self, finding: Finding) -> None:
        """Report a finding."""

    def count(self, name: str, number: int = 1) -> None:
        """Count something that was checked."""

    def end(self) -> int:
        """Report that everything was checked; return the exit code."""


class _Counts:
    def __init__(self) -> None:
        self._checked: Counter[str] = Counter()
        self._found: Counter[tuple[str, bool]] = Counter()
        self._num_wrong = 0
        self._num_notes = 0
        self._num_repaired = 0

    def _note(self, finding: Finding) -> bool:
        """Count a finding; return True if it is to be shown."""
        self._num_notes += finding.is_note
        self._num_repaired += finding.is_repaired
        self._num_wrong += not (finding.is_note or finding.is_repaired)
        kind = finding.code, finding.is_repaired
        self._found[kind] += 1
        return self._found[kind] <= MAX_SHOWN

    @property
    def _exit_code(self) -> int:
        return WRONG if self._num_wrong else 0


class TextReport(_Counts):
    """Lines for people, with progress on a terminal."""

    def __init__(self, output: TextIO, progress: TextIO) -> None:
        super().__init__()
        self._output = output
        self._progress = progress
        self._next_progress = time.monotonic() + PROGRESS_SECONDS

    def add(self, finding: Finding) -> None:
        """Print a finding: what it is about, what is wrong, and what mends it."""
        if self._note(finding):
            word = "Repaired" if finding.is_repaired else "Note" if finding.is_note else "Wrong"
            advice = "" if finding.is_repaired else f"\n  -> {finding.remedy}"
            print(f"{word} [{finding.code}] {finding.subject}: {finding.detail}{advice}", file=self._output)

    def count(self, name: str, number: int = 1) -> None:
        """Count, and show the counts every two seconds."""
        self._checked[name] += number
        if self._progress.isatty() and time.monotonic() > self._next_progress:
            self._next_progress = time.monotonic() + PROGRESS_SECONDS
            print(f"Checked so far: {self._words()}", file=self._progress, flush=True)

    def end(self) -> int:
        """Print what was checked, and how many findings there are."""
        for (code, _), number in self._found.items():
            if number > MAX_SHOWN:
                print(f"{number - MAX_SHOWN:,} more of [{code}] are not shown.", file=self._output)
        verdict = f"{self._num_wrong:,} wrong" if self._num_wrong else "Nothing is wrong"
        others = {"repaired": self._num_repaired, "notes": self._num_notes}
        said = "".join(f", {say(number, name)}" for name, number in others.items() if number)
        print(f"{verdict}{said}. Checked: {self._words() or 'nothing'}.", file=self._output)
        return self._exit_code

    def _words(self) -> str:
        return ", ".join(say(number, name) for name, number in self._checked.items())


class JsonReport(_Counts):
    """One JSON document, at the end."""

    def __init__(self, output: TextIO) -> None:
        super().__init__()
        self._output = output
        self._shown: list[dict[str, Any]] = []

    def add(self, finding: Finding) -> None:
        """Keep a finding for the document."""
        if self._note(finding):
            self._shown.append(asdict(finding))

    def count(self, name: str, number: int = 1) -> None:
        """Count something that was checked."""
        self._checked[name] += number

    def end(self) -> int:
        """Print the document."""
        totals: Counter[str] = Counter()
        for (code, _), number in self._found.items():
            totals[code] += number
        document = {
            "ok": not self._num_wrong,
            "checked": dict(self._checked),
            "num_wrong": self._num_wrong,
            "num_notes": self._num_notes,
            "num_repaired": self._num_repaired,
            "totals": dict(totals),
            "findings": self._shown,
        }
        print(json.dumps(document, indent=2, ensure_ascii=False), file=self._output)
        return self._exit_code


def say(number: int, names: str) -> str:
    """Return a number of things in words, given their plural."""
    return f"{number:,} {names.removesuffix('s') if number == 1 else names}"
