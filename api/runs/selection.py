"""The `fields` of a list: which fields of each run it has."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

from api.runs.schemas import RunMetric
from api.runs.summaries import EXTRA, SUMMARY, SummaryField, write_number
from core.errors import nearest
from core.filters.mistakes import Source
from core.filters.run_fields import SUMMARIES
from core.filters.syntax import Name, parse_fields
from core.workers import WaitingFor

OPEN = frozenset({"tags", "spec", "metrics", "latest_metrics"})
"""Fields with names of the user's own below them."""

WHOLE_SUMMARY = tuple(RunMetric.model_fields)

READS: Mapping[str, SummaryField] = {**SUMMARY, **EXTRA}

ABSENT = object()


@dataclass(frozen=True, slots=True)
class Selection:
    """Fields that a list has.

    Attributes:
        paths: Paths of the fields, such as `("state",)` and `("tags", "team")`.
        metric_keys: Keys of the metrics whose summaries are needed; None for all.
    """

    paths: tuple[tuple[str, ...], ...] = tuple((name,) for name in SUMMARY)
    metric_keys: frozenset[str] | None = field(default=frozenset())

    @classmethod
    def parse(cls, text: str | None) -> Self:
        """Read the value of `fields`; None selects what every list has.

        Raises:
            InvalidFilter: If there is no such field; suggests the nearest.
        """
        if text is None:
            return cls()
        source = Source("fields", text)
        paths: dict[tuple[str, ...], None] = {}
        for names in parse_fields(source):
            paths |= dict.fromkeys([_read_path(source, names)] if names else [(name,) for name in SUMMARY])
        # A field within one that is selected as a whole adds nothing.
        kept = tuple(path for path in paths if not any(path[:length] in paths for length in range(1, len(path))))
        keys = [path[1:2] for path in kept if path[0] == "metrics"]
        return cls(kept, None if () in keys else frozenset(key for (key,) in keys))

    @property
    def columns(self) -> frozenset[str]:
        """Columns of runs that the fields are read from."""
        return frozenset(column for path in self.paths if path[0] in READS for column in READS[path[0]].columns)

    @property
    def has_metrics(self) -> bool:
        """True if the summaries of metrics are needed."""
        return self.metric_keys is None or bool(self.metric_keys)

    @property
    def has_wait(self) -> bool:
        """True if the reason for which runs wait is needed."""
        return ("waiting_for",) in self.paths

    def read(self, run: Any, waiting_for: WaitingFor | None, summaries: Mapping[UUID, Mapping[str, Any]]) -> Any:
        """Return the fields of a run, nested as in a whole run; what it does not have is left out."""
        shown: dict[str, Any] = {}
        for first, *below in self.paths:
            if first == "metrics":
                _put(shown.setdefault("metrics", {}), below, summaries.get(run.id, {}))
                continue
            value = READS[first].read(run, waiting_for)
            if not below:
                shown[first] = value
            elif (found := _follow(value, below)) is not ABSENT:
                _nest(shown.setdefault(first, {}), below, found)
            else:
                shown.setdefault(first, {})
        return shown


def _read_path(source: Source, names: tuple[Name, ...]) -> tuple[str, ...]:
    first, *below = names
    known = [*READS, "metrics"]
    if first.text not in known:
        hint = nearest(first.text, known)
        raise source.mistake(first.position, f"a run has no field '{first.text[:80]}'.{hint}", "unknown_field")
    if below and first.text not in OPEN:
        reason = f"{first.text} is selected as a whole; only {', '.join(sorted(OPEN))} have names below them."
        raise source.mistake(below[0].position, reason, "unknown_field")
    if first.text == "metrics" and len(below) > 1 and (below[2:] or below[1].text not in SUMMARIES):
        hint = nearest(below[1].text, SUMMARIES)
        reason = f"a metric has no number '{below[1].text[:80]}'.{hint} Quote a key with dots in it."
        raise source.mistake(below[1].position, reason, "unknown_field")
    if first.text in {"tags", "latest_metrics"} and below[1:]:
        raise source.mistake(below[1].position, "quote a name with dots in it.", "unknown_field")
    return tuple(name.text for name in names)


def _put(shown: dict[str, Any], below: list[str], summaries: Mapping[str, Any]) -> None:
    """Add the summaries of all metrics, of one, or one number of it."""
    for key in [below[0]] if below else list(summaries):
        row = summaries.get(key)
        if row is not None:
            names = below[1:] or WHOLE_SUMMARY
            shown.setdefault(key, {}).update({name: write_number(getattr(row, name)) for name in names})


def _follow(value: Any, path: list[str]) -> Any:
    for step in path:
        if isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, Mapping) and step in value:
            value = value[step]
        else:
            return ABSENT
    return value


def _nest(shown: dict[str, Any], path: list[str], value: Any) -> None:
    """Put a value at a path of nested objects; items of lists have their index as a name."""
    for step in path[:-1]:
        shown = shown.setdefault(step, {})
    shown[path[-1]] = value
