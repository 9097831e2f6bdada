"""Numbers in texts: one grammar for uploads, which read columns in SQL, and for prediction requests.

A number has a sign before it, a minus after it (`5-`, as SAP writes) or parentheses around it (`(5)`, as accountants
do). Between the sign and the digits, or after them, stands the unit of the column. Digits are grouped by threes,
between commas also as in India (`12,34,567`). There are no leading zeros: `007` is a name.

The patterns use syntax that RE2 (DuckDB) and Python's `re` share, and mean the same in both.
"""

import re
from functools import lru_cache
from typing import NamedTuple

INTEGER = r"[+-]?(?:0|[1-9][0-9]*)"
NUMBER = r"[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
"""Numbers as programs write them."""
INFINITY = r"[+-]?(?:[iI]nf|INF|[iI]nfinity)"

EXPONENT = r"(?:[eE][+-]?[0-9]+)?"
GROUPS = r"(?:[1-9][0-9]{0,2}(?:{mark}[0-9]{3})+)"
GROUPS_OF_INDIA = r"(?:[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3})"
MINUS = "-\N{MINUS SIGN}"
NEGATIVE = f"[{MINUS}(]"
"""Found in the rest of a number, outside its digits, if it is negative."""
SPACES = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}"
"""Spaces within numbers: for thousands, and before units."""
MARKS = {"": "", ",": ",", ".": ".", " ": SPACES, "'": "'\N{RIGHT SINGLE QUOTATION MARK}", "_": "_"}
"""Characters that a thousands mark stands for."""
LONGEST_INTEGER = 20
"""Characters of the smallest integer above −2⁶³; longer ones are read as float64."""

UNIT = re.compile(r"[^0-9()+\-\N{MINUS SIGN}\s,._']*[^0-9()+\-\N{MINUS SIGN}\s,._'][^0-9()+\-\N{MINUS SIGN}]*")
"""Texts that can be a unit: without digits and signs, and not only marks of numbers."""


class NumberForm(NamedTuple):
    """Form of the numbers of a column; the fields are those of core.uploads.reading.TextForm."""

    decimal: str = "."
    thousands: str = ""
    unit: str = ""


PLAIN = NumberForm()

_PLAIN_INTEGER = re.compile(INTEGER)
_PLAIN_NUMBER = re.compile(f"{NUMBER}|{INFINITY}")


def digits_pattern(form: NumberForm) -> str:
    """Return the pattern of a number without sign and unit. It also finds them in a number whose unit was removed."""
    # A unit leaves no doubt that it is a number, so it may begin with zeros.
    whole = "[0-9]+" if form.unit else "(?:0|[1-9][0-9]*)"
    if form.thousands:
        groups = GROUPS.replace("{mark}", f"[{MARKS[form.thousands]}]")
        whole = f"(?:{f'{GROUPS_OF_INDIA}|' if form.thousands == ',' else ''}{groups}|{whole})"
    if form.decimal == ".":
        return rf"(?:{whole}(?:\.[0-9]*)?|\.[0-9]+){EXPONENT}"
    return f"(?:{whole}(?:,[0-9]+)?|,[0-9]+){EXPONENT}"


def number_pattern(form: NumberForm) -> str:
    """Return the pattern of a number with sign and unit."""
    digits = digits_pattern(form)
    minus, sign = f"[{MINUS}]", f"[{MINUS}+]"
    if not form.unit:
        return rf"{sign}?{digits}|\({digits}\)|{digits}{minus}"
    unit, space = re.escape(form.unit), f"[{SPACES}]*"
    number = f"(?:{unit}{space}{digits}|{digits}{space}{unit})"
    return (
        rf"{sign}?{number}|{unit}{space}{sign}{digits}|\({number}\)|{unit}{space}\({digits}\)|\({digits}\){space}{unit}"
        rf"|{number}{minus}|{digits}{minus}{space}{unit}"
    )


@lru_cache(maxsize=256)
def _compiled(form: NumberForm) -> tuple[re.Pattern[str], re.Pattern[str], dict[int, str | None]]:
    deleted: dict[int, str | None] = {ord(mark): None for mark in MARKS[form.thousands]}
    return (
        re.compile(number_pattern(form)),
        re.compile(digits_pattern(form)),
        deleted | {ord(form.decimal): "."},
    )


def read_number(text: str, form: NumberForm) -> float:
    """Read a number of this form, which may be infinite.

    Raises:
        ValueError: If the text is none.
    """
    return float(_make_plain(text, form))


def read_integer(text: str, form: NumberForm) -> int | float:
    """Read a value of a column of integers: other numbers are floats, and so are longer integers.

    Raises:
        ValueError: If the text is no number.
    """
    plain = _make_plain(text, form)
    return int(plain) if len(plain) <= LONGEST_INTEGER and _PLAIN_INTEGER.fullmatch(plain) else float(plain)


def _make_plain(text: str, form: NumberForm) -> str:
    """Return a number as programs write it."""
    if form == PLAIN and _PLAIN_NUMBER.fullmatch(text):
        return text
    whole, digits, translation = _compiled(form)
    if not whole.fullmatch(text):
        raise ValueError(text)
    bare = text.replace(form.unit, "") if form.unit else text
    found = digits.search(bare)
    if found is None:  # Excluded by the match above.
        raise ValueError(text)
    rest = bare[: found.start()] + bare[found.end() :]
    return ("-" if re.search(NEGATIVE, rest) else "") + found[0].translate(translation)
