"""Mistakes in a filter, an order or a list of fields, which point at a character of the text."""

from dataclasses import dataclass

from core.errors import InvalidFilter

WIDTH = 72
"""Characters of a long line that are shown around the mistake."""


@dataclass(frozen=True, slots=True)
class Source:
    """A text that a client wrote.

    Attributes:
        name: `filter`, `sort` or `fields`, in messages.
    """

    name: str
    text: str

    def mistake(self, position: int, reason: str, code: str) -> InvalidFilter:
        """Return the error for a mistake.

        Args:
            position: Index of the character, from 0.
            reason: What came, what was expected, what to do: a sentence.
            code: A stable word for programs.
        """
        first = max(0, min(position - WIDTH // 2, len(self.text) - WIDTH))
        last = first + WIDTH
        before, after = "…" if first else "", "…" if last < len(self.text) else ""
        # A line feed or a tab would move the caret.
        shown = "".join(letter if letter.isprintable() else " " for letter in self.text[first:last])
        caret = " " * (len(before) + position - first) + "^"
        sentence = f"Character {position + 1:,} of {self.name}: {reason}"
        return InvalidFilter.at("", f"{sentence}\n  {before}{shown}{after}\n  {caret}", code)
