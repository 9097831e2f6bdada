"""Patterns for values in text files: missing values, numbers, dates, booleans.

They use RE2 syntax that DuckDB's and Python's regular expressions share.
"""

import re

MISSING_WORDS = ("", "NA", "N/A", "n/a", "NaN", "nan", "-nan", "NULL", "null", "None", "<NA>", "#N/A", "#NA", "?")
"""Missing values in CSV files: those of pandas, and `?` as in the UCI repository."""

INTEGER = r"[+-]?(?:0|[1-9][0-9]*)"
"""No leading zeros: postal codes and the like stay text."""
NUMBER = r"[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
INFINITY = r"[+-]?(?:[iI]nf|INF|[iI]nfinity)"
BOOLEAN = r"true|True|TRUE|false|False|FALSE"
DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
MOMENT = DAY + r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?: ?(?:Z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?))?)?"
"""RFC 3339 and similar forms of ISO 8601 and databases; a date alone is midnight."""

OTHER_DAY = r"[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2,4}(?: .*)?"
"""Dates whose order of day and month is ambiguous: reported, not guessed."""
DECIMAL_COMMA = r"[+-]?[0-9]+,[0-9]+"

TYPED = re.compile(f"{NUMBER}|{INFINITY}|{BOOLEAN}|{MOMENT}|{OTHER_DAY}|{DECIMAL_COMMA}")


def looks_typed(word: str) -> bool:
    """Return True if a word is a value rather than a name: a number, a date or a boolean."""
    return TYPED.fullmatch(word) is not None
