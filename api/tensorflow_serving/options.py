"""Query parameters of predictions."""

from dataclasses import dataclass

from api.prediction.calls import Call
from core.errors import InvalidInput

LABELS = "labels"

TOP_K = "top_k"

TRUTH = {"0": False, "false": False, "1": True, "true": True}

MAX_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Options:
    """Form of the answer.

    Attributes:
        labels: True for class labels, even if rows are plain numbers.
        top_k: Number of classes, best first; None for all in the order of the output.
    """

    labels: bool = False
    top_k: int | None = None


DEFAULT = Options()


def read_options(call: Call) -> Options:
    """Return the options in the query of a request.

    Raises:
        InvalidInput: If there is another parameter, or a value is not valid.
    """
    given = call.read_query((LABELS, TOP_K))
    if not given:
        return DEFAULT
    word = given.get(LABELS, "false")
    if word.lower() not in TRUTH:
        raise InvalidInput(f"The query parameter 'labels' is '{word[:40]}'. Send true or false.")
    digits = given.get(TOP_K)
    if digits is None:
        return Options(TRUTH[word.lower()])
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= MAX_DIGITS and int(digits) > 0):
        raise InvalidInput(f"The query parameter 'top_k' is '{digits[:40]}'. Send a whole number from 1.")
    return Options(labels=True, top_k=int(digits))
