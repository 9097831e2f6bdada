"""Predictions as a person reads them."""

import json
import math
from collections.abc import Sequence
from typing import Any

from trainyard.command_line.display.formats import format_number

NUM_CLASSES = 5

LEAST_WHOLE = 1000
"""Numbers from here on are shown with all of their digits."""


def format_predictions(instances: Sequence[Any], rows: Sequence[Any]) -> str:
    """Format each row's answer: a sum with its bits, a label with the likeliest classes, or plain numbers.

    Args:
        instances: Rows of the request, in order.
        rows: Rows of the response, in order.
    """
    is_one = len(rows) == 1
    texts = [_format_row(instance, row, is_one=is_one) for instance, row in zip(instances, rows, strict=False)]
    return "\n".join(texts)


def _format_row(instance: Any, row: Any, *, is_one: bool) -> str:
    if isinstance(row, dict) and "sum" in row:
        return _format_sum(instance, row, is_one=is_one)
    if isinstance(row, dict) and "label" in row:
        return _format_label(row, is_one=is_one)
    return _format_numbers(row)


def _format_sum(instance: Any, row: dict[str, Any], *, is_one: bool) -> str:
    """A sum; of a single one also the addition, bit by bit.

    122
      00101101   45
    + 01001101   77
    = 01111010  122
    """
    total, bits = row["sum"], row.get("bits")
    a, b = (instance.get("a"), instance.get("b")) if isinstance(instance, dict) else (None, None)
    if not isinstance(a, int) or not isinstance(b, int):
        return _plain(total)
    wrong = "" if total == a + b else f"  (wrong: it is {a + b})"
    if not is_one:
        return f"{a} + {b} = {_plain(total)}{wrong}"
    if not bits:
        return f"{_plain(total)}{wrong}"
    # Answers run least significant bit first, people write it last.
    written = "".join(str(bit) for bit in reversed(bits))
    lines = [("  ", f"{a:0{len(bits)}b}", str(a)), ("+ ", f"{b:0{len(bits)}b}", str(b)), ("= ", written, _plain(total))]
    width = max(len(number) for _, _, number in lines)
    return "\n".join([f"{_plain(total)}{wrong}", *(f"{sign}{word}  {number:>{width}}" for sign, word, number in lines)])


def _format_label(row: dict[str, Any], *, is_one: bool) -> str:
    """A class; of a single row also the likeliest classes with their probabilities, or scores of any size."""
    scores: dict[str, float] = row.get("probabilities") or row.get("scores") or {}
    label = _plain(row["label"]) if row["label"] is None else _name(row["label"])

    def format_score(score: float) -> str:
        return f"{score:.1%}" if "probabilities" in row else format_number(score)

    if not is_one:
        return f"{label}  {format_score(scores[label])}" if label in scores else label
    best = sorted(scores.items(), key=lambda item: _rank(item[1]), reverse=True)[:NUM_CLASSES]
    name_width = max((len(name) for name, _ in best), default=0)
    score_width = max((len(format_score(score)) for _, score in best), default=0)
    return "\n".join([label, *(f"  {name:{name_width}}  {format_score(score):>{score_width}}" for name, score in best)])


def _format_numbers(row: Any) -> str:
    """A number, or numbers in a line; anything deeper as JSON."""
    if isinstance(row, list) and all(isinstance(value, int | float) for value in row):
        return " ".join(map(_format_answer, row))
    return _plain(row)


def _format_answer(value: float) -> str:
    """Four significant digits; all digits of large numbers, which may differ in the last ones alone."""
    return format_number(value) if abs(value) < LEAST_WHOLE else repr(value)


def _plain(value: Any) -> str:
    if value is None:
        return "unknown: the model answers NaN"
    if isinstance(value, float):
        return format_number(value)
    return value if isinstance(value, str) else json.dumps(value)


def _name(label: Any) -> str:
    """A label as the names of the scores write it."""
    return label if isinstance(label, str) else json.dumps(label)


def _rank(score: float) -> float:
    return -math.inf if math.isnan(score) else score
