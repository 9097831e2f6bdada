"""Expressions of Python as values, and their text, which `ruff format` leaves as it is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

LINE_LENGTH = 88
"""Ruff's and Black's default: programs are written for readers whose project sets nothing else."""

INDENT = 4


@dataclass(frozen=True, slots=True)
class Call:
    """A call: `name(*arguments, **keywords)`."""

    name: str
    arguments: tuple["Code", ...] = ()
    keywords: Mapping[str, "Code"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Items:
    """A list of expressions, or a dict if they have keys (expressions themselves)."""

    items: tuple["Code", ...]
    keys: tuple[str, ...] | None = None


Code = str | Call | Items
"""An expression; text is one that is not broken into lines. User text comes into it by `literal` alone."""


def call(function: str, /, *arguments: Code, **keywords: Code | None) -> Call:
    """Return a call; keywords that are None are left out."""
    return Call(function, arguments, {key: value for key, value in keywords.items() if value is not None})


def literal(value: Any) -> str:
    """Return the literal of a text, a number, a truth value, None, or of nested lists and tuples of them.

    Whatever a text contains, its literal is one line, and a string to Python: characters that are not printable, line
    ends and directions of writing among them, are escaped.
    """
    if isinstance(value, str):
        return _quote(value)
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' if len(value) == 1 else ''})"
    if value is None or isinstance(value, bool | int | float):
        # As Ruff writes exponents.
        return repr(value).replace("e+", "e")
    raise TypeError(f"Expected a value that has a literal; got {type(value).__name__}")


def _quote(text: str) -> str:
    # The mark that needs fewer escapes; double quotes if it is all the same, as Ruff chooses them.
    mark = "'" if text.count('"') > text.count("'") else '"'
    return mark + "".join(_escape(character, mark) for character in text) + mark


def _escape(character: str, mark: str) -> str:
    if character in "'\"":
        return f"\\{character}" if character == mark else character
    return repr(character)[1:-1]


MOST_OF_A_KEY = 40
"""Characters of a key up to which a line holds its subscript and what is done with that."""


def subscript(mapping: str, key: str) -> Code:
    """Return the value of a text in a dict of the program, in a form that can be broken into lines if it is long."""
    quoted = literal(key)
    return f"{mapping}[{quoted}]" if len(quoted) <= MOST_OF_A_KEY else call(f"{mapping}.get", quoted)


def items(values: Iterable[Code]) -> Items:
    """Return a list of expressions."""
    return Items(tuple(values))


def nested(value: Any) -> Code:
    """Return nested lists or tuples of numbers as lists that can be broken into lines."""
    return items(map(nested, value)) if isinstance(value, list | tuple) else literal(value)


def write(code: Code, before: str = "", after: str = "", indent: int = 0) -> str:
    """Write an expression, on one line if it fits, else with each part on a line of its own.

    Args:
        code: The expression.
        before: Text before it on its first line, such as `model = `.
        after: Text after it on its last line, such as `,`.
        indent: Number of spaces before each line.
    """
    margin = " " * indent
    line = f"{margin}{before}{write_line(code)}{after}"
    if isinstance(code, str) or len(line) <= LINE_LENGTH or not _parts(code):
        return line
    first, last = _brackets(code)
    lines = [f"{margin}{before}{first}"]
    lines += [write(part, prefix, ",", indent + INDENT) for prefix, part in _parts(code)]
    return "\n".join([*lines, f"{margin}{last}{after}"])


def write_line(code: Code) -> str:
    """Write an expression on one line."""
    if isinstance(code, str):
        return code
    first, last = _brackets(code)
    return first + ", ".join(prefix + write_line(part) for prefix, part in _parts(code)) + last


def _brackets(code: Call | Items) -> tuple[str, str]:
    if isinstance(code, Call):
        return f"{code.name}(", ")"
    return ("[", "]") if code.keys is None else ("{", "}")


def _parts(code: Call | Items) -> list[tuple[str, Code]]:
    """Return the parts of an expression, each with the text before it."""
    if isinstance(code, Call):
        named = [(f"{key}=", value) for key, value in code.keywords.items()]
        return [*(("", argument) for argument in code.arguments), *named]
    if code.keys is None:
        return [("", item) for item in code.items]
    return [(f"{key}: ", item) for key, item in zip(code.keys, code.items, strict=True)]
