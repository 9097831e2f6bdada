"""Runs side by side."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from trainyard.command_line.display.formats import format_number, format_table
from trainyard.resources.run_comparison import LongSpecValue, RunComparison, SeedGroup, SpecDifference

MOST_FIELDS = 6
LONGEST_CELL = 24
MOST_SEEDS = 5
LEAST_ID = 13
"""Ids begin with their time in milliseconds; runs that were submitted together take more characters to tell apart."""

SEED = "seed"

REASONS = {"unfinished": "has not ended", "not_finite": "not a finite value", "no_points": "no points"}

ABSENT = "–"

QUOTED = {"true", "false", "null", "NaN", "Infinity"}
"""Words that mean something else in JSON."""


def format_ranking(found: RunComparison) -> str:
    """Lay runs out best first, with the fields of their specs that differ."""
    fields, num_hidden = _choose_fields(found.differences)
    ids = shorten_ids([run.run_id for run in found.runs])
    has_notes = any(run.unranked for run in found.runs)
    rows = [
        [
            ABSENT if run.rank is None else str(run.rank),
            ids[run.run_id],
            *(_format_cell(field, run.run_id) for field in fields.values()),
            _format_value(run.value),
            *([REASONS.get(run.unranked, run.unranked) if run.unranked else ""] if has_notes else []),
        ]
        for run in found.runs
    ]
    headers = ["RANK", "RUN", *fields, found.metric, *(["WITHOUT A RANK"] if has_notes else [])]
    table = format_table(headers, rows, right={"RANK", found.metric, *_find_numeric(fields)})
    return "\n".join([_format_heading(found), table, *_note_hidden(num_hidden)])


def format_groups(found: RunComparison) -> str:
    """Lay averages over seeds out best first, with the fields that differ between the groups."""
    fields, num_hidden = _choose_fields([one for one in found.differences if one.path != SEED])
    share = f"± {found.confidence:.0%}"
    rows = [
        [
            ABSENT if group.rank is None else str(group.rank),
            str(group.n),
            _format_seeds(group.seeds),
            *(_format_cell(field, group.run_ids[0]) for field in fields.values()),
            _format_value(group.mean),
            _format_half(group),
        ]
        for group in found.groups
    ]
    headers = ["RANK", "N", "SEEDS", *fields, "MEAN", share]
    table = format_table(headers, rows, right={"RANK", "N", "MEAN", share, *_find_numeric(fields)})
    num_left_out = sum(len(group.left_out) for group in found.groups)
    notes = _note_hidden(num_hidden)
    if num_left_out:
        notes.append(f"{num_left_out} runs are in no mean: they have not ended, or have no points of the metric.")
    return "\n".join([_format_heading(found), table, *notes])


def format_diff(differences: Sequence[SpecDifference], ids: Sequence[str]) -> str:
    """Lay the fields out in which two specs differ, whole, one below the other."""
    short = shorten_ids(ids)
    rows = [[one.path, *(_format_whole(one.values, run_id) for run_id in ids)] for one in differences]
    return format_table(["", *(short[run_id] for run_id in ids)], rows)


def shorten_ids(ids: Sequence[str]) -> dict[str, str]:
    """Return the beginning of each id, as long as it takes to tell them apart."""
    num_different, longest = len(set(ids)), max(map(len, ids), default=0)
    length = LEAST_ID
    while length < longest and len({run_id[:length] for run_id in ids}) < num_different:
        length += 1
    return {run_id: run_id[:length] for run_id in ids}


def _format_heading(found: RunComparison) -> str:
    better = "more" if found.direction == "max" else "less"
    return f"{found.statistic.capitalize()} {found.metric}; {better} is better."


def _choose_fields(differences: Sequence[SpecDifference]) -> tuple[dict[str, SpecDifference], int]:
    """Return the fields to show by their names, which are as short as they are clear, and the number of others."""
    shown = differences[:MOST_FIELDS]
    ends = [one.path.rpartition(".")[2] for one in shown]
    names = [end if ends.count(end) == 1 else one.path for end, one in zip(ends, shown, strict=True)]
    return dict(zip(names, shown, strict=True)), len(differences) - len(shown)


def _note_hidden(num_hidden: int) -> list[str]:
    return [f"{num_hidden:,} more fields differ; --json has all, trainyard diff those of two runs."] * bool(num_hidden)


def _find_numeric(fields: Mapping[str, SpecDifference]) -> set[str]:
    return {
        name
        for name, field in fields.items()
        if all(isinstance(value, int | float) and not isinstance(value, bool) for value in field.values.values())
    }


def _format_cell(field: SpecDifference, run_id: str) -> str:
    text = _format_whole(field.values, run_id)
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 1]}…"


def _format_whole(values: Mapping[str, Any], run_id: str) -> str:
    if run_id not in values:
        return ABSENT
    value = values[run_id]
    if isinstance(value, LongSpecValue):
        return f"{value.start}… ({value.length:,} characters, sha256 {value.sha256[:12]})"
    # As in the spec, so that 1, "1", true and "true" are told apart; most words need no quotes for that.
    is_plain = isinstance(value, str) and value.isidentifier() and value not in QUOTED
    return str(value) if is_plain else json.dumps(value, ensure_ascii=False)


def _format_value(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if math.isfinite(value) else str(value)


def _format_half(group: SeedGroup) -> str:
    if group.low is None or group.high is None:
        return ABSENT
    half = group.high / 2 - group.low / 2
    return format_number(half) if math.isfinite(half) else ABSENT


def _format_seeds(seeds: Sequence[int]) -> str:
    distinct = sorted(set(seeds))
    more = ", …" if len(distinct) > MOST_SEEDS else ""
    return f"{', '.join(map(str, distinct[:MOST_SEEDS]))}{more}"
