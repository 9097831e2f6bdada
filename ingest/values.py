"""How the values of a text file are read: which words stand for nothing, what is a number, a date, a truth value.

The patterns are in RE2's language, which DuckDB's and Python's regular expressions have in common.
"""

import re

MISSING_WORDS = ("", "NA", "N/A", "n/a", "NaN", "nan", "-nan", "NULL", "null", "None", "<NA>", "#N/A", "#NA", "?")
"""In CSV files these stand for a missing value, as pandas reads them; and `?`, as the UCI repository writes it."""

INTEGER = r"[+-]?(?:0|[1-9][0-9]*)"
"""No zeros in front: those are post codes and the like, which stay text."""
NUMBER = r"[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
INFINITY = r"[+-]?(?:[iI]nf|INF|[iI]nfinity)"
BOOLEAN = r"true|True|TRUE|false|False|FALSE"
DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
MOMENT = DAY + r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?: ?(?:Z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?))?)?"
"""RFC 3339 and what ISO 8601 and databases write like it; a day alone is its first moment."""

OTHER_DAY = r"[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2,4}(?: .*)?"
"""Days in an order that differs between countries: told, not guessed."""
DECIMAL_COMMA = r"[+-]?[0-9]+,[0-9]+"

TYPED = re.compile(f"{NUMBER}|{INFINITY}|{BOOLEAN}|{MOMENT}|{OTHER_DAY}|{DECIMAL_COMMA}")


def looks_typed(word: str) -> bool:
    """Whether a word of text is no name: a number, a date or a truth value."""
    return TYPED.fullmatch(word) is not None
