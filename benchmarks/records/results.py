"""Measurements of both sides, round by round, and the result file."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Self


@dataclass(frozen=True, slots=True)
class Row:
    """Measurements of one quantity.

    Attributes:
        key: Name that bars refer to.
        title: In words.
        unit: Of the values.
        ours: A value for each round.
        theirs: A value for each round; empty where MLflow has nothing like it, or it was not measured.
        more_is_better: False for times, bytes and memory.
        note: Said about the comparison, if something has to be.
    """

    key: str
    title: str
    unit: str
    ours: tuple[float, ...]
    theirs: tuple[float, ...] = ()
    more_is_better: bool = False
    note: str = ""

    @property
    def our_median(self) -> float:
        """Median of our rounds."""
        return median(self.ours)

    @property
    def their_median(self) -> float | None:
        """Median of their rounds; None without any."""
        return median(self.theirs) if self.theirs else None

    @property
    def ratio(self) -> float | None:
        """Times that ours is better; the median of the rounds' ratios, as a slow moment slows both sides of a round.

        None without their measurements. A quantity that was measured once on a side counts for each round of the other.
        """
        if not self.theirs:
            return None
        count = max(len(self.ours), len(self.theirs))
        ours = self.ours if len(self.ours) == count else (self.our_median,) * count
        theirs = self.theirs if len(self.theirs) == count else (median(self.theirs),) * count
        if self.more_is_better:
            return median(our / their for our, their in zip(ours, theirs, strict=True))
        return median(their / our for our, their in zip(ours, theirs, strict=True))


@dataclass(slots=True)
class Results:
    """Everything that was measured.

    Attributes:
        machine: Description of the machine.
        num_rounds: Rounds of the measurements that are repeated.
        rows: In the order of measuring.
        errors: Wrong answers and other failures, in words.
    """

    machine: str
    num_rounds: int
    rows: list[Row] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def find(self, key: str) -> Row | None:
        """Return a row; None if it was not measured."""
        return next((row for row in self.rows if row.key == key), None)

    def write(self, path: Path) -> None:
        """Write a result file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a result file."""
        document = json.loads(path.read_text(encoding="utf-8"))
        rows = [
            Row(**{**row, "ours": tuple(row["ours"]), "theirs": tuple(row["theirs"])}) for row in document.pop("rows")
        ]
        return cls(**document, rows=rows)
