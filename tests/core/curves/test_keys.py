import pytest

from core.curves.keys import matches, select_keys


@pytest.mark.parametrize(
    ("pattern", "key", "fits"),
    [
        ("train/*", "train/loss", True),
        ("train/*", "train/", True),
        ("train/*", "epoch/train/loss", False),
        ("*/loss", "epoch/train/loss", True),
        ("e*train*s", "epoch/train/loss", True),
        ("*", "anything", True),
        ("**", "", True),
        ("loss", "loss", True),
        ("loss", "losses", False),
        # The start and the end do not share characters.
        ("aba*ba", "aba", False),
        ("a*b*c", "acb", False),
        ("train/[*", "train/[0]", True),
    ],
)
def test_asterisk_stands_for_any_text(pattern, key, fits):
    assert matches(pattern, key) is fits


def test_known_name_with_an_asterisk_stands_for_itself():
    assert select_keys(["a*"], ["a*", "ab"]) == {"a*": ["a*"]}


def test_patterns_stand_for_keys_in_their_order():
    assert select_keys(["z", "a*"], ["ac", "ab", "b"]) == {"z": [], "a*": ["ab", "ac"]}
