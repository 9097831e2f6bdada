import pytest

from api.pictures.drawing import cut, measure, show_count, show_number, show_share


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("short", "short"),
        ("exactly ten", "exactly t…"),
        ("ten letter", "ten letter"),
        ("two\nlines", "two lines"),
        ("日本語のラベル", "日本語の…"),
    ],
)
def test_long_labels_are_cut_by_their_width(words, shown):
    assert cut(words, 10) == shown
    assert measure(cut(words, 10)) <= 10


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0"), (9_999, "9999"), (10_000, "10k"), (123_456, "123k"), (3_400_000, "3.4M")]
)
def test_counts_are_short_enough_for_a_cell(count, shown):
    assert show_count(count, is_short=True) == shown


def test_what_is_undefined_is_a_dash():
    assert show_number(None) == show_share(None) == "–"
    assert show_share(1.0) == "1.000"
    assert show_count(12_345) == "12,345"
