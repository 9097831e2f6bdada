"""Questions about the values of columns of text, many in one query, first to a sample and then to all rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

SAMPLE_ROWS = 2_048
"""Asked first: it suffices to rule out most of what a column could be."""
QUESTIONS_AT_ONCE = 120
"""Limits memory, since each pattern is compiled once per question."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition in SQL on each value of a column that is not missing; null is false."""

    column: str
    sql: str


@dataclass(frozen=True, slots=True)
class ColumnSurvey:
    """The columns c0, c1, … of a table of text.

    Attributes:
        table: Name of the table in SQL.
    """

    connection: duckdb.DuckDBPyConnection
    table: str

    def ask(self, aggregates: Sequence[str]) -> list[Any]:
        """Return the values of aggregates over all rows."""
        return self._ask(aggregates, self.table)

    def ask_sample(self, aggregates: Sequence[str]) -> list[Any]:
        """Return the values of aggregates over the first rows."""
        return self._ask(aggregates, f"(SELECT * FROM {self.table} LIMIT {SAMPLE_ROWS})")  # noqa: S608 -- Ours.

    def may_hold(self, conditions: Sequence[Condition]) -> list[bool]:
        """Return which conditions hold for all values among the first rows, or for none if there is none."""
        return [answer is not False for answer in self.ask_sample(_holds(conditions))]

    def hold(self, conditions: Sequence[Condition]) -> list[bool]:
        """Return which conditions hold for all values of their columns, of which there is at least one.

        What does not hold for the first rows is not asked of all.
        """
        held = self.may_hold(conditions)
        places = [place for place, may in enumerate(held) if may]
        for place, holds in zip(places, self.hold_everywhere([conditions[place] for place in places]), strict=True):
            held[place] = holds
        return held

    def hold_everywhere(self, conditions: Sequence[Condition]) -> list[bool]:
        """Return the same without a look at the first rows."""
        return [answer is True for answer in self.ask(_holds(conditions))]

    def first_row_without(self, condition: Condition) -> tuple[int, str] | None:
        """Return the number of the first row whose value does not meet the condition, and the value."""
        query = (
            f"SELECT number, value FROM (SELECT row_number() OVER () AS number, {condition.column} AS value, "  # noqa: S608 -- Ours.
            f"{condition.sql} AS holds FROM {self.table}) WHERE value IS NOT NULL AND NOT holds LIMIT 1"
        )
        row = self.connection.execute(query).fetchone()
        return None if row is None else (row[0], row[1])

    def _ask(self, aggregates: Sequence[str], relation: str) -> list[Any]:
        answers: list[Any] = []
        for start in range(0, len(aggregates), QUESTIONS_AT_ONCE):
            asked = ", ".join(aggregates[start : start + QUESTIONS_AT_ONCE])
            answers += self.connection.execute(f"SELECT {asked} FROM {relation}").fetchone() or ()  # noqa: S608 -- Ours.
        return answers


def _holds(conditions: Sequence[Condition]) -> list[str]:
    return [
        f"bool_and(coalesce({condition.sql}, false)) FILTER (WHERE {condition.column} IS NOT NULL)"
        for condition in conditions
    ]
