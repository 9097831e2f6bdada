"""Outcomes of the runs, and the file that stores them, so that a reproduction can be stopped and resumed."""

import json
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FORMAT = 2


@dataclass(frozen=True, slots=True)
class MetricValues:
    """A curve in four numbers; None if not finite."""

    first: float | None
    last: float | None
    least: float | None
    greatest: float | None


@dataclass(frozen=True, slots=True)
class Answer:
    """Prediction of a trained model.

    Attributes:
        question: Name of the instances; see `variants.name_of`.
        outputs: (rows, numbers of a row).
    """

    question: str
    outputs: list[list[float]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of one run.

    Attributes:
        preset: Name.
        variant: Name; None for the preset without a variant.
        seed: Seed of the spec.
        digest: Digest of the submission; see `variants.VariantRun`.
        state: State in which the run ended.
        error: Reason of a failure; "" without one.
        error_code: Reason of a failure for programs; "" without one.
        seconds: Time from the beginning of its last attempt to its end, including saving the model.
        train_seconds: Part of it spent on training, including compiling.
        num_epochs: Epochs trained.
        num_attempts: Attempts needed.
        device: Device it trained on.
        versions: Library versions, by name.
        metrics: Metrics, by key.
        answers: Predictions for the figures.
        chart: Points (steps, values) of the curve that compares variants; empty for further seeds.
    """

    preset: str
    variant: str | None
    seed: int
    digest: str
    state: str
    error: str
    error_code: str
    seconds: float
    train_seconds: float
    num_epochs: int
    num_attempts: int
    device: str
    versions: Mapping[str, str]
    metrics: Mapping[str, MetricValues]
    answers: tuple[Answer, ...] = ()
    chart: tuple[tuple[float, ...], tuple[float, ...]] = field(default=((), ()))

    @property
    def has_succeeded(self) -> bool:
        """True if the run registered a model."""
        return self.state == "succeeded"


Key = tuple[str, str | None, int]


class Outcomes:
    """All known outcomes, by preset, variant and seed."""

    def __init__(self, outcomes: Iterable[Outcome] = ()) -> None:
        self._known: dict[Key, Outcome] = {}
        for outcome in outcomes:
            self.add(outcome)

    def add(self, outcome: Outcome) -> None:
        """Add an outcome, replacing an earlier one."""
        self._known[outcome.preset, outcome.variant, outcome.seed] = outcome

    def find(self, preset: str, variant: str | None, seed: int) -> Outcome | None:
        """Return the outcome of a run, or None if it is unknown."""
        return self._known.get((preset, variant, seed))

    def keep_only(self, wanted: Iterable[Key]) -> None:
        """Remove outcomes of variants that no longer exist."""
        kept = set(wanted)
        self._known = {key: outcome for key, outcome in self._known.items() if key in kept}

    def __iter__(self) -> Any:
        return iter(self._known[key] for key in sorted(self._known, key=lambda key: (key[0], key[1] or "", key[2])))

    def write(self, path: Path) -> None:
        """Write all outcomes to a file, one per line, atomically."""
        lines = [json.dumps(_rounded(asdict(outcome)), sort_keys=True) for outcome in self]
        text = f'{{"format": {FORMAT}, "outcomes": [\n' + ",\n".join(lines) + "\n]}\n"
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.part")
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)


def read_outcomes(path: Path) -> Outcomes:
    """Read the outcomes of a file; none if it does not exist.

    Raises:
        ValueError: If the file has an unknown format.
    """
    if not path.exists():
        return Outcomes()
    document = json.loads(path.read_text(encoding="utf-8"))
    if document.get("format") != FORMAT:
        raise ValueError(f"{path} has format {document.get('format')}; expected {FORMAT}. Move the file away.")
    return Outcomes(_read(entry) for entry in document["outcomes"])


def _read(entry: dict[str, Any]) -> Outcome:
    x, y = entry.pop("chart")
    metrics = {key: MetricValues(**values) for key, values in entry.pop("metrics").items()}
    answers = tuple(Answer(**answer) for answer in entry.pop("answers"))
    return Outcome(**entry, metrics=metrics, answers=answers, chart=(tuple(x), tuple(y)))


def _rounded(value: Any) -> Any:
    """Round to seven significant digits, the precision of float32; other numbers than finite ones become null."""
    if isinstance(value, float):
        return float(f"{value:.7g}") if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(part) for part in value]
    return value
