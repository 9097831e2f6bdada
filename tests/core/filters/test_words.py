import pytest

from core.filters.words import split_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The baseline, finally.", {"the", "baseline", "finally"}),
        ("learning_rate=0.01", {"learning", "rate", "0", "01"}),
        ("iris-keras.v2", {"iris", "keras", "v2"}),
        ("Füße FÜSSE", {"fusse"}),
        ("ÉCOLE école", {"ecole"}),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER A}1 \N{LATIN SMALL LIGATURE FI}ne", {"a1", "fine"}),
        ("İstanbul", {"istanbul"}),
        ("Ω ω", {"ω"}),
        ("日本語 の", {"日本語", "の"}),
        ("🙂 --- '", set()),
        ("a" * 70, {"a" * 64}),
    ],
)
def test_texts_have_these_words(text, words):
    assert split_words([text, None]) == words
