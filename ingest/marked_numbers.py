"""Numbers with marks: decimal commas, thousands marks, units, negative numbers in parentheses.

A reading is taken if all values of the column have it, and no other reading gives other numbers.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from core.uploads.reading import Finding, Sureness
from core.uploads.text_numbers import MARKS, MINUS, SPACES, UNIT, NumberForm, read_number
from ingest.column_survey import ColumnSurvey, Condition
from ingest.engine import literal
from ingest.errors import quoted
from ingest.table_parts import TypedColumn
from ingest.text_columns import TextColumn
from ingest.value_queries import is_integer, is_number, is_whole, matches, plain_number
from ingest.values import UNITS

FORMS = [
    *(NumberForm(".", ""), NumberForm(",", "")),
    *(NumberForm(".", ","), NumberForm(",", ".")),
    *(NumberForm(".", " "), NumberForm(",", " ")),
    *(NumberForm(".", "'"), NumberForm(",", "'")),
    *(NumberForm(".", "_"), NumberForm(",", "_")),
]
"""Forms that are tried: the first one that fits is taken, unless it is one of a pair of RIVALS."""

RIVALS = (
    (NumberForm(",", ""), NumberForm(".", ",")),
    (NumberForm(".", ""), NumberForm(",", ".")),
)
"""If both fit, the mark stands in each value once and before three digits: `1,000` is one or a thousand."""

MARK_NAMES = {".": "a point", ",": "a comma", " ": "a space", "'": "an apostrophe", "_": "an underscore"}

_ALL_MARKS = "".join(dict.fromkeys("".join(MARKS.values())))
NUMERIC = f"[^0-9]{{0,12}}[0-9][0-9{re.escape(_ALL_MARKS)}]*(?:[eE][+-]?[0-9]+)?[^0-9]{{0,12}}"
"""Texts with one number, whose other characters are examined."""
ODD_SIGN = rf"\(|[0-9][^0-9]*[{MINUS}][^0-9]*$"
"""Found in negative numbers of accounts: in parentheses, or with the minus behind."""
ADDRESS = r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
"""Addresses of IPv4, which could be numbers in groups of three."""
POINT_GROUPS = r"[+-]?(?:[1-9][0-9]{0,2}(?:\.[0-9]{3})?|0)"
"""Numbers as programs write them that could have points between thousands."""

_UNITS = sorted(UNITS, key=len, reverse=True)


@dataclass(frozen=True, slots=True)
class Fit:
    """Forms that fit all values of a column.

    Attributes:
        example: A value with a mark.
        forms: Forms that fit, in the order of FORMS.
        has_odd_signs: True if a value is in parentheses, or has its minus behind.
        is_odd: True if all are.
        is_address: True if all could be addresses.
    """

    column: TextColumn
    example: str
    forms: tuple[NumberForm, ...]
    has_odd_signs: bool
    is_odd: bool
    is_address: bool


def read_marked_numbers(survey: ColumnSurvey, columns: Sequence[TextColumn]) -> dict[int, TypedColumn]:
    """Read columns of numbers with marks, by place; those that could be read in two ways are text, with a warning."""
    columns = [column for column in columns if column.types & {"integer", "number"}]
    numeric = survey.may_hold([Condition(column.sql, matches(column.sql, NUMERIC)) for column in columns])
    columns = [column for column, may in zip(columns, numeric, strict=True) if may]
    examples = survey.ask([f"any_value({column.sql}) FILTER (WHERE {column.sql} IS NOT NULL)" for column in columns])
    candidates = [
        (column, form)
        for column, example in zip(columns, examples, strict=True)
        if example is not None
        for form in _forms_of(column, example)
    ]
    held = survey.hold([Condition(column.sql, is_number(column.sql, form)) for column, form in candidates])
    fitting: dict[int, tuple[NumberForm, ...]] = {}
    for (column, form), holds in zip(candidates, held, strict=True):
        if holds:
            fitting[column.place] = (*fitting.get(column.place, ()), form)
    fits = _examine(survey, [column for column in columns if column.place in fitting], fitting)
    return _type(survey, [fit for fit in fits if not fit.is_address])


def _forms_of(column: TextColumn, example: str) -> Iterable[NumberForm]:
    """Return the forms that the options leave, with the unit of a value."""
    unit = find_unit(example)
    if unit and unit not in UNITS and column.options.type is None:
        return ()
    decimal, thousands = column.options.decimal, column.options.thousands
    return (
        form._replace(unit=unit)
        for form in FORMS
        if decimal in {None, form.decimal} and thousands in {None, form.thousands}
    )


def find_unit(text: str) -> str:
    """Return what stands before or after the number in a text, without signs; "" if there is nothing, or both."""
    bare = text.strip(f"{MINUS}+(){SPACES}")
    known: str | None = next((unit for unit in _UNITS if bare.startswith(unit) or bare.endswith(unit)), None)
    if known is not None:
        return known
    found = re.fullmatch(r"([^0-9]*?)[.,]?[0-9](?:.*[0-9])?[.,]?([^0-9]*)", bare, re.DOTALL)
    around = [part.strip(SPACES) for part in found.groups()] if found else []
    units = [part for part in around if part]
    return units[0] if len(units) == 1 and UNIT.fullmatch(units[0]) else ""


def _examine(
    survey: ColumnSurvey, columns: Sequence[TextColumn], fitting: dict[int, tuple[NumberForm, ...]]
) -> list[Fit]:
    asked = []
    for column in columns:
        marked = f"regexp_matches({column.sql}, {literal('[0-9][^0-9]+[0-9]')})"
        odd = f"regexp_matches({column.sql}, {literal(ODD_SIGN)})"
        asked += [
            f"coalesce(any_value({column.sql}) FILTER (WHERE {marked}), any_value({column.sql}))",
            f"bool_or({odd})",
            f"bool_and({odd})",
            f"bool_and({matches(column.sql, ADDRESS)})",
        ]
    answers = survey.ask(asked)
    return [
        Fit(column, _with_plain_spaces(answers[place]), fitting[column.place], *answers[place + 1 : place + 4])
        for place, column in zip(range(0, len(answers), 4), columns, strict=True)
    ]


def _with_plain_spaces(example: str) -> str:
    """Return a number with spaces that are printed as such."""
    return example.translate({ord(space): " " for space in SPACES})


def _type(survey: ColumnSurvey, fits: Sequence[Fit]) -> dict[int, TypedColumn]:
    typed: dict[int, TypedColumn] = {}
    chosen: list[tuple[Fit, NumberForm]] = []
    for fit in fits:
        form = _choose(fit.forms)
        if form is None:
            typed[fit.column.place] = ambiguous(fit.column, fit.example, fit.forms)
        elif fit.is_odd:
            typed[fit.column.place] = fit.column.as_text(
                f"has every number in parentheses or with a minus behind it, such as {quoted(fit.example)}, which may "
                "not mean a negative number; it was read as text. If it does, write the minus in front."
            )
        else:
            chosen.append((fit, form))
    plain = [plain_number(fit.column.sql, form) for fit, form in chosen]
    conditions = [
        Condition(fit.column.sql, holds)
        for (fit, _), number in zip(chosen, plain, strict=True)
        for holds in (is_integer(number), is_whole(number))
    ]
    held = survey.hold(conditions)
    for (fit, form), number, are_integers, are_whole in zip(chosen, plain, held[::2], held[1::2], strict=True):
        column = fit.column
        if are_integers and "integer" in column.types:
            read = column.numbers("integer", f"CAST({number} AS BIGINT)", form)
        elif "number" in column.types and not (are_whole and "integer" in column.types):
            read = column.numbers("number", f"CAST({number} AS DOUBLE)", form)
        else:
            typed[column.place] = column.as_text(TOO_LARGE if are_whole else "")
            continue
        typed[column.place] = _explain(read, fit, form)
    return typed


TOO_LARGE = "has integers of 2⁶³ or more; it was read as text."


def _choose(forms: Sequence[NumberForm]) -> NumberForm | None:
    """Return the form of a column; None if two forms give different numbers."""
    known = {form._replace(unit="") for form in forms}
    # Without any mark, the decimal comma fits as well as the point.
    has_mark = not {NumberForm(".", ""), NumberForm(",", "")} <= known
    if has_mark and any(set(rivals) <= known for rivals in RIVALS):
        return None
    return forms[0]


def ambiguous(column: TextColumn, example: str, forms: Sequence[NumberForm]) -> TypedColumn:
    """Return a column that could be read in two ways as text, with a warning that names both."""
    unit = forms[0].unit
    mark = "," if "," in example else "."
    thousands, decimal = NumberForm("," if mark == "." else ".", mark, unit), NumberForm(mark, "", unit)
    as_thousands, as_decimal = read_number(example, thousands), read_number(example, decimal)
    read = column.as_text(
        f"could be read as numbers in two ways, {quoted(example)} as {as_thousands:.15g} or as {as_decimal:.15g}, "
        f"so it was read as text. Set thousands to “{mark}” for the first, or decimal to “{mark}” for the second."
    )
    reason = f"{example} is {as_thousands:.15g} or {as_decimal:.15g}"
    return replace(read, findings=(column.finding("thousands", None, "doubtful", reason),))


def _explain(read: TypedColumn, fit: Fit, form: NumberForm) -> TypedColumn:
    """Add what was found, and a warning unless all of it was asked for."""
    column = fit.column
    facts: list[tuple[str, str, str]] = []
    if form.unit:
        facts.append(("unit", form.unit, f"every number has {quoted(form.unit)} before or after it"))
    if form.thousands:
        facts.append(("thousands", form.thousands, f"{MARK_NAMES[form.thousands]} stands between groups of digits"))
    if form.decimal == "," or form.thousands:
        facts.append(("decimal", form.decimal, "only this mark fits all values"))
    is_sure = not fit.has_odd_signs and (form.thousands in {"", ","} or re.search("[.,][0-9]+[^0-9]*$", fit.example))
    sureness: Sureness = "certain" if is_sure else "likely"
    findings: list[Finding] = [column.finding(option, value, sureness, reason) for option, value, reason in facts]
    is_given = all(getattr(column.options, option, None) is not None for option, _, _ in facts)
    if is_given and not fit.has_odd_signs:
        return replace(read, findings=tuple(findings))
    value = read_number(fit.example, form)
    notice = column.notice(
        "read_as_number",
        f"was read as numbers, {quoted(fit.example)} as {value:.15g}{f' {form.unit}' if form.unit else ''}."
        f"{' Numbers in parentheses, or with a minus behind them, are negative.' if fit.has_odd_signs else ''} "
        "If that is wrong, set its decimal and thousands, or its type to text.",
    )
    return replace(read, findings=tuple(findings), warnings=(notice,))
