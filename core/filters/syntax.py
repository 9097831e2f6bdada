"""The grammar of filters, orders and lists of fields: from a text to fields, words and their positions.

It is close to that of AIP-160 (google.aip.dev/160), with one difference that SQL and Python have too: `and` binds more
strongly than `or`. core/filters/reading.py gives the parts their types.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from core.errors import InvalidFilter
from core.filters.mistakes import Source

if TYPE_CHECKING:
    from lark import Lark, Token
    from lark.exceptions import UnexpectedCharacters, UnexpectedToken

MAX_LENGTH = 8_192
"""Most characters of a text. All of a URL must fit into 64 KiB."""
MAX_DEPTH = 32
"""Most nested parentheses and negations. The evaluation of a tree nests as deep."""
MAX_CONDITIONS = 100
"""Most conditions: a database limits the depth of its expressions too."""
MAX_VALUES = 1_000
"""Most values of one list."""

GRAMMAR = r"""
filter: any_of
any_of: all_of (_OR all_of)*
all_of: negation (_AND negation)*
?negation: NOT negation -> negated
         | OPEN any_of _CLOSE -> grouped
         | condition
?condition: field COMPARATOR literal -> comparison
          | field _HAS literal -> containment
          | field _CONTAINS literal -> containment
          | field _HAS _STAR -> presence
          | field IN _OPEN_LIST literals _CLOSE -> membership
          | field NOT IN _OPEN_LIST literals _CLOSE -> absence
          | field _IS _NULL -> nullity
          | field _IS NOT _NULL -> presence

literals: literal (_COMMA literal)*
literal: STRING | BARE

order: [MINUS] field [DIRECTION]
fields: listed (_COMMA listed)*
?listed: field | STAR -> everything

field: NAME (_DOT (PART | STRING))*

_OR.3: /or(?![\w.\/@-])/i
_AND.3: /and(?![\w.\/@-])/i
NOT.3: /not(?![\w.\/@-])/i
IN.3: /in(?![\w.\/@-])/i
_IS.3: /is(?![\w.\/@-])/i
_NULL.3: /null(?![\w.\/@-])/i
_CONTAINS.3: /contains(?![\w.\/@-])/i
DIRECTION.3: /(asc|desc)(?![\w.\/@-])/i
COMPARATOR: "<=" | ">=" | "!=" | "==" | "<" | ">" | "="
_HAS: ":"
_STAR.2: "*"
STAR: "*"
OPEN: "("
_OPEN_LIST: "("
_CLOSE: ")"
_COMMA: ","
_DOT: "."
MINUS: "-"
NAME: /[^\W\d]\w*/
PART: /[\w\/@-]+/
STRING: /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/s
BARE: /[^\s()\[\],"'=<>!:][^\s()\[\],"'=<>!]*/
%ignore /\s+/
"""

WORDS = {
    "_OR": "or",
    "_AND": "and",
    "NOT": "not",
    "IN": "in",
    "_IS": "is",
    "_NULL": "null",
    "_CONTAINS": "contains",
    "DIRECTION": "asc or desc",
    "COMPARATOR": "= != < <= > >=",
    "_HAS": ":",
    "_STAR": "*",
    "STAR": "*",
    "OPEN": "(",
    "_OPEN_LIST": "(",
    "_CLOSE": ")",
    "_COMMA": "a comma",
    "_DOT": "a dot",
    "MINUS": "-",
    "NAME": "a field",
    "PART": "a name",
    "STRING": "a text in quotes",
    "BARE": "a value",
    "$END": "the end",
}
"""Tokens as messages call them."""

# PostgreSQL stores neither the NUL character nor half of a surrogate pair.
NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")

ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Name:
    """A part of a field, or a value, as it was written.

    Attributes:
        text: Without its quotes.
        position: Index of its first character in the whole.
    """

    text: str
    position: int
    is_quoted: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """A condition as it was written.

    Attributes:
        operator: `=`, `!=`, `<`, `<=`, `>`, `>=`, `in`, `contains` or `is null`.
    """

    field: tuple[Name, ...]
    operator: str
    values: tuple[Name, ...]
    position: int
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Branch:
    """Parts that are joined by a word, or negated."""

    word: Literal["and", "or", "not"]
    parts: tuple["Node", ...]
    depth: int


Node: TypeAlias = Comparison | Branch


def parse_filter(source: Source) -> Node:
    """Parse a filter.

    Raises:
        InvalidFilter: If it is not one, too long or too deep.
    """
    node: Node = _parse(source, "filter")
    return node


def parse_order(source: Source) -> tuple[tuple[Name, ...], bool]:
    """Parse an order: a field, and whether it falls.

    Raises:
        InvalidFilter: If it is not one.
    """
    minus, field, direction = _parse(source, "order")
    if minus is not None and direction is not None:
        raise source.mistake(direction.start_pos, "write - before the field or a word after it, not both.", "syntax")
    return field, minus is not None or (direction is not None and direction.lower() == "desc")


def parse_fields(source: Source) -> list[tuple[Name, ...]]:
    """Parse a list of fields; `*` is the field of no parts.

    Raises:
        InvalidFilter: If it is not one.
    """
    fields: list[tuple[Name, ...]] = _parse(source, "fields")
    return fields


def _parse(source: Source, start: str) -> Any:
    # Loaded by the first filter: services without any save its memory.
    from lark.exceptions import UnexpectedCharacters, UnexpectedToken  # noqa: PLC0415

    if len(source.text) > MAX_LENGTH:
        raise InvalidFilter.at(
            "", f"{source.name} has {len(source.text):,} characters; at most {MAX_LENGTH:,} are read.", "too_long"
        )
    if found := NOT_STORABLE.search(source.text):
        reason = f"the character U+{ord(found[0]):04X} cannot be stored, so nothing has it."
        raise source.mistake(found.start(), reason, "text_not_storable")
    if not source.text.strip():
        raise source.mistake(
            0, f"it is empty. Leave {source.name} out, or write for example {EXAMPLES[start]}.", "empty"
        )
    try:
        return _load_parser().parse(source.text, start=start)
    except (UnexpectedCharacters, UnexpectedToken) as error:
        raise _explain(source, error) from error
    except _Refused as error:
        raise source.mistake(error.position, error.reason, error.code) from error


EXAMPLES = {"filter": "state = succeeded", "order": "-created_at", "fields": "id,state"}


class _Refused(Exception):
    def __init__(self, position: int, reason: str, code: str) -> None:
        self.position, self.reason, self.code = position, reason, code


@cache
def _load_parser() -> "Lark":
    from lark import Lark, Transformer, v_args  # noqa: PLC0415

    # The parser builds no tree of its own: it calls these, from the leaves up, without recursion.
    builder = v_args(inline=True)(type("Builder", (Transformer,), dict(vars(_Builder))))()
    return Lark(
        GRAMMAR,
        parser="lalr",
        lexer="contextual",
        start=["filter", "order", "fields"],
        transformer=builder,
        maybe_placeholders=True,
        propagate_positions=False,
    )


def _explain(source: Source, error: "UnexpectedCharacters | UnexpectedToken") -> InvalidFilter:
    token: Token | None = getattr(error, "token", None)
    # A character that begins no token, or a token that does not fit here.
    expected: Collection[str] = getattr(error, "allowed" if token is None else "accepts")
    names = list(dict.fromkeys(WORDS[name] for name in WORDS if name in expected))
    hoped = f" {'One of' if len(names) > 1 else 'Only'} {', '.join(names)} may come here." if names else ""
    position: int | None = getattr(error, "pos_in_stream", None)
    if position is None or position >= len(source.text) or (token is not None and token.type == "$END"):
        return source.mistake(len(source.text.rstrip()), f"it ends too early.{hoped}", "syntax")
    letter = source.text[position]
    if letter in "\"'":
        return source.mistake(position, f"{_describe_quote(source.text, position)}{hoped}", "syntax")
    came = str(token) if token is not None else letter
    return source.mistake(position, f"'{came[:40]}' is not expected.{hoped}", "syntax")


def _describe_quote(text: str, position: int) -> str:
    """Return what is wrong with a text in quotes: no end, or its place."""
    quote = text[position]
    ends = re.search(rf"(?<!\\){quote}", text[position + 1 :]) is not None
    return "a text in quotes is not expected." if ends else f"the text that begins here has no closing {quote}."


class _Builder:
    """Builds the parts of a tree; each method has the name of a rule of the grammar."""

    @staticmethod
    def literal(token: "Token") -> Name:
        is_quoted = token.type == "STRING"
        return Name(_unquote(token) if is_quoted else str(token), int(token.start_pos or 0), is_quoted)

    @staticmethod
    def field(*tokens: "Token") -> tuple[Name, ...]:
        return tuple(_Builder.literal(token) for token in tokens)

    @staticmethod
    def literals(*values: Name) -> tuple[Name, ...]:
        if len(values) > MAX_VALUES:
            raise _Refused(
                values[MAX_VALUES].position, f"a list has at most {MAX_VALUES:,} values; split the request.", "too_many"
            )
        return values

    @staticmethod
    def comparison(field: tuple[Name, ...], operator: "Token", value: Name) -> Node:
        return Comparison(field, "=" if operator == "==" else str(operator), (value,), field[0].position)

    @staticmethod
    def containment(field: tuple[Name, ...], value: Name) -> Node:
        return Comparison(field, "contains", (value,), field[0].position)

    @staticmethod
    def nullity(field: tuple[Name, ...]) -> Node:
        return Comparison(field, "is null", (), field[0].position)

    @staticmethod
    def presence(field: tuple[Name, ...], _not: "Token | None" = None) -> Node:
        return _negate(_Builder.nullity(field), field[0].position)

    @staticmethod
    def membership(field: tuple[Name, ...], _in: "Token", values: tuple[Name, ...]) -> Node:
        return Comparison(field, "in", values, field[0].position)

    @staticmethod
    def absence(field: tuple[Name, ...], _not: "Token", _in: "Token", values: tuple[Name, ...]) -> Node:
        return _negate(_Builder.membership(field, _in, values), field[0].position)

    @staticmethod
    def negated(word: "Token", part: Node) -> Node:
        return _negate(part, int(word.start_pos or 0))

    @staticmethod
    def grouped(paren: "Token", part: Node) -> Node:
        # Parentheses count even where they change nothing: what is written must be bounded, not what it means.
        return _deepen(part, int(paren.start_pos or 0))

    @staticmethod
    def all_of(*parts: Node) -> Node:
        return _join("and", parts)

    @staticmethod
    def any_of(*parts: Node) -> Node:
        return _join("or", parts)

    @staticmethod
    def filter(node: Node) -> Node:
        conditions = list(_walk(node))
        if len(conditions) > MAX_CONDITIONS:
            position = conditions[MAX_CONDITIONS].position
            raise _Refused(position, f"at most {MAX_CONDITIONS} conditions are allowed. Use in (…).", "too_many")
        return node

    @staticmethod
    def order(*parts: Any) -> tuple[Any, ...]:
        return parts

    @staticmethod
    def everything(_star: "Token") -> tuple[Name, ...]:
        return ()

    @staticmethod
    def fields(*names: tuple[Name, ...]) -> list[tuple[Name, ...]]:
        return list(names)


def _unquote(token: str) -> str:
    return ESCAPED.sub(r"\1", token[1:-1])


def _join(word: Literal["and", "or"], parts: Sequence[Node]) -> Node:
    if len(parts) == 1:
        return parts[0]
    return Branch(word, tuple(parts), max(part.depth for part in parts) + 1)


def _negate(part: Node, position: int) -> Node:
    return _checked(Branch("not", (part,), part.depth + 1), position)


def _deepen(part: Node, position: int) -> Node:
    if isinstance(part, Comparison):
        deeper: Node = Comparison(part.field, part.operator, part.values, part.position, part.depth + 1)
    else:
        deeper = Branch(part.word, part.parts, part.depth + 1)
    return _checked(deeper, position)


def _checked(node: Node, position: int) -> Node:
    if node.depth > MAX_DEPTH:
        raise _Refused(position, f"parentheses and `not` nest deeper than {MAX_DEPTH} levels from here.", "too_deep")
    return node


def _walk(node: Node) -> Sequence[Comparison]:
    if isinstance(node, Comparison):
        return [node]
    return [found for part in node.parts for found in _walk(part)]
