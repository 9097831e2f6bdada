"""A column of text while its type is found."""

from dataclasses import dataclass
from typing import Any

from core.errors import json_pointer
from core.notices import Notice
from core.uploads.reading import ColumnReading, ColumnType, Finding, Sureness, TextForm
from core.uploads.text_numbers import NumberForm
from ingest.errors import quoted
from ingest.table_parts import TypedColumn

ALL_TYPES: frozenset[ColumnType] = frozenset({"integer", "number", "boolean", "date"})
"""Types that are found from texts, unless an option says which."""


@dataclass(frozen=True, slots=True)
class TextColumn:
    """A column of text whose type is to be found.

    Attributes:
        place: Its values are in the column of this number, as `c0`.
        form: How it is trimmed, and its words for missing values; None if only typed values were seen.
        types: Types that it may have.
        options: Options of the client for this column, or else for all.
    """

    place: int
    name: str
    form: TextForm | None
    types: frozenset[ColumnType]
    options: ColumnReading

    @property
    def sql(self) -> str:
        """Name of the column in SQL."""
        return f"c{self.place}"

    def typed(self, type_: ColumnType, expression: str) -> TypedColumn:
        """Return the column with a type, read from texts of the usual form."""
        return TypedColumn(self.name, type_, expression, text=self.form)

    def numbers(self, type_: ColumnType, expression: str, form: NumberForm) -> TypedColumn:
        """Return the column as numbers of a form."""
        return TypedColumn(self.name, type_, expression, text=self._form(**form._asdict()))

    def dates(self, expression: str, date_format: str) -> TypedColumn:
        """Return the column as dates of a format."""
        return TypedColumn(self.name, "date", expression, text=self._form(date_format=date_format))

    def as_text(self, reason: str = "") -> TypedColumn:
        """Return the column as text, with the reason if there is one, to follow its name."""
        warnings = (self.notice("read_as_text", reason),) if reason else ()
        return TypedColumn(self.name, "text", self.sql, warnings, text=self.form)

    def notice(self, code: str, reason: str) -> Notice:
        """Return a notice that begins with the name of the column."""
        return Notice(code, f"/columns/{self.place}", f"Column {quoted(self.name)} {reason}")

    def finding(self, option: str, value: Any, sureness: Sureness, reason: str) -> Finding:
        """Return how an option of the column was settled."""
        pointer = json_pointer("columns", self.name, option).removeprefix("/")
        given = getattr(self.options, option, None)
        if given is not None:
            return Finding(option=pointer, value=given, sureness="certain")
        return Finding(option=pointer, value=value, sureness=sureness, reason=reason)

    def _form(self, **fields: Any) -> TextForm:
        return (self.form or TextForm(trims=False)).model_copy(update=fields)
