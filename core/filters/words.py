"""Words of a text, as full-text find compares them: the same for what is stored and what is sought.

A word is a sequence of letters and digits. Case, accents and the width of letters make no difference: `Füße` is
`fusse`. Texts without spaces between words, such as Chinese, are one word up to the next other character.
"""

import re
import unicodedata
from collections.abc import Iterable

LONGEST = 64
"""Characters of a word that are compared."""

# The underscore separates words: `learning_rate` is found by `rate`.
WORD = re.compile(r"[^\W_]+")


def split_words(texts: Iterable[str | None]) -> frozenset[str]:
    """Return the words of some texts, each once."""
    return frozenset(word[:LONGEST] for text in texts if text is not None for word in WORD.findall(_fold(text)))


def _fold(text: str) -> str:
    """Return a text without differences of case, width and accents (Unicode 15 section 3.13, caseless matching)."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).casefold()
