"""What came of each try, and the file that keeps it, so that a reproduction can be stopped and go on."""

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
    """A curve in four numbers; None is no number."""

    first: float | None
    last: float | None
    least: float | None
    greatest: float | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a trained model said.

    Attributes:
        question: What it was asked; see `tries.name_of`.
        outputs: (rows, numbers of a row).
    """

    question: str
    outputs: list[list[float]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one try.

    Attributes:
        preset: Name.
        variant: Name; None is the preset as it stands.
        seed: Of the spec.
        digest: Of what was submitted; see `tries.Try`.
        state: In which the run ended.
        error: Why it failed; "" where it did not.
        error_code: The same for programs.
        seconds: From the beginning of its last attempt to its end, saving the model included.
        train_seconds: Of these, what the training took, compiling included.
        num_epochs: Trained.
        num_attempts: Attempts it took.
        device: That it trained on.
        versions: Of the libraries, by name.
        metrics: By key.
        answers: To the questions of the figures.
        chart: Points (steps, values) of the curve that compares tries; empty for further seeds.
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
        """Whether it left a model."""
        return self.state == "succeeded"


Key = tuple[str, str | None, int]


class Outcomes:
    """All that is known, by preset, variant and seed."""

    def __init__(self, outcomes: Iterable[Outcome] = ()) -> None:
        self._known: dict[Key, Outcome] = {}
        for outcome in outcomes:
            self.add(outcome)

    def add(self, outcome: Outcome) -> None:
        """Keep this one instead of the one before it, if there was one."""
        self._known[outcome.preset, outcome.variant, outcome.seed] = outcome

    def find(self, preset: str, variant: str | None, seed: int) -> Outcome | None:
        """What came of a try, if that is known."""
        return self._known.get((preset, variant, seed))

    def keep_only(self, wanted: Iterable[Key]) -> None:
        """Forget tries that there are no longer."""
        kept = set(wanted)
        self._known = {key: outcome for key, outcome in self._known.items() if key in kept}

    def __iter__(self) -> Any:
        return iter(self._known[key] for key in sorted(self._known, key=lambda key: (key[0], key[1] or "", key[2])))

    def write(self, path: Path) -> None:
        """All into a file, one line each; the file is never half written."""
        lines = [json.dumps(_rounded(asdict(outcome)), sort_keys=True) for outcome in self]
        text = f'{{"format": {FORMAT}, "outcomes": [\n' + ",\n".join(lines) + "\n]}\n"
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.part")
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)


def read_outcomes(path: Path) -> Outcomes:
    """What a file holds; nothing where there is none.

    Raises:
        ValueError: If it was written in a form that is not known here.
    """
    if not path.exists():
        return Outcomes()
    document = json.loads(path.read_text(encoding="utf-8"))
    if document.get("format") != FORMAT:
        raise ValueError(f"{path} has format {document.get('format')}; this program reads {FORMAT}. Move it away.")
    return Outcomes(_read(entry) for entry in document["outcomes"])


def _read(entry: dict[str, Any]) -> Outcome:
    x, y = entry.pop("chart")
    metrics = {key: MetricValues(**values) for key, values in entry.pop("metrics").items()}
    answers = tuple(Answer(**answer) for answer in entry.pop("answers"))
    return Outcome(**entry, metrics=metrics, answers=answers, chart=(tuple(x), tuple(y)))


def _rounded(value: Any) -> Any:
    """Seven significant digits, which is what float32 has; no number is null, as JSON has no other word for it."""
    if isinstance(value, float):
        return float(f"{value:.7g}") if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(part) for part in value]
    return value
