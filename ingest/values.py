"""Words in uploads: missing values, units of numbers, and what looks like a value rather than a name."""

import re

from core.uploads.text_dates import MOMENT
from core.uploads.text_numbers import INFINITY, MARKS, MINUS, NUMBER, SPACES
from core.uploads.text_values import BOOLEAN

MISSING_WORDS = ("", "NA", "N/A", "n/a", "NaN", "nan", "-nan", "NULL", "null", "None", "<NA>", "#N/A", "#NA", "?")
"""Missing values in CSV files: those of pandas, and `?` as in the UCI repository."""

CURRENCY_SIGNS = "$€£¥₹₽₩₪₫₱₴₦฿₺₡₲₵₸₭₮₼₾₿¢¤﷼"
_DOLLARS = "US$ A$ AU$ C$ CA$ NZ$ HK$ S$ R$ NT$ MX$"
_CURRENCY_CODES = (
    "EUR USD GBP CHF JPY CNY INR AUD CAD NZD HKD SGD TWD SEK NOK DKK ISK PLN CZK HUF RON BGN RUB UAH TRY ZAR BRL MXN "
    "ARS CLP COP KRW THB IDR MYR PHP VND ILS AED SAR EGP NGN KES PKR BDT"
)
_CURRENCY_WORDS = "kr kr. Kr Kč zł Ft Fr. Rs Rs. lei TL RM Rp руб руб. р. лв лв."  # noqa: RUF001 -- Cyrillic letters.
_SHARES_AND_DEGREES = "% ‰ ° °C °F"
UNITS = (
    *CURRENCY_SIGNS,
    *f"{_DOLLARS} {_CURRENCY_CODES} {_CURRENCY_WORDS} {_SHARES_AND_DEGREES}".split(),
)
"""Units that leave no doubt that a text is a number: percent, degrees and currencies."""

OTHER_DAY = r"[0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]{1,4}(?:[ T].*)?"
"""Dates in other forms than ISO 8601."""

_MARKS = "".join(re.escape(mark) for mark in dict.fromkeys("".join(MARKS.values())))
_UNIT = f"(?:{'|'.join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))})"
_SIGNS = f"[{MINUS}+()]"
_GAP = f"[{SPACES}]*"
MARKED_NUMBER = (
    rf"{_SIGNS}*(?:{_UNIT}{_GAP})?{_SIGNS}*[.,]?[0-9](?:[0-9{_MARKS}]*[0-9])?[.]?{_SIGNS}*{_GAP}{_UNIT}?{_SIGNS}*"
)
"""Numbers with any marks and units, loosely."""

TYPED = re.compile(f"{NUMBER}|{INFINITY}|{BOOLEAN}|{MOMENT}|{OTHER_DAY}|{MARKED_NUMBER}")


def looks_typed(word: str) -> bool:
    """Return True if a word is a value rather than a name: a number, a date or a boolean."""
    return TYPED.fullmatch(word) is not None
