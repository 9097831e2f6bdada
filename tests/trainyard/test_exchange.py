import pytest

from trainyard.exchange import retry_seconds


@pytest.mark.parametrize(("failures", "expected"), [(1, 0.05), (2, 0.1), (3, 0.2), (6, 1.6), (7, 2.0), (10_000, 2.0)])
def test_retry_pause_doubles_up_to_two_seconds(failures, expected):
    assert retry_seconds(failures) == pytest.approx(expected)
