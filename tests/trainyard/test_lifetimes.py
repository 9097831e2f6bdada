import pytest

from trainyard.errors import InvalidArgument
from trainyard.lifetimes import read_lifetime


@pytest.mark.parametrize(
    ("text", "seconds"), [("45s", 45), ("30m", 1800), ("12h", 43_200), ("90d", 7_776_000), ("2w", 1_209_600)]
)
def test_lifetime_is_a_number_and_a_unit(text, seconds):
    assert read_lifetime(text) == seconds


@pytest.mark.parametrize("text", ["", "90", "d", "0d", "-1d", "1.5d", "90 d", "90D", "1y", "9" * 50 + "d"])
def test_anything_else_is_refused_with_an_example(text):
    with pytest.raises(InvalidArgument, match="such as 90d"):
        read_lifetime(text)
