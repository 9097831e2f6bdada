import pytest

from trainyard.pacing import poll_seconds, retry_seconds


@pytest.mark.parametrize(("elapsed", "expected"), [(0, 0.05), (1, 0.05), (10, 0.5), (20, 1.0), (3600, 1.0)])
def test_poll_pause_is_a_twentieth_of_the_time_waited_within_its_bounds(elapsed, expected):
    assert poll_seconds(elapsed) == pytest.approx(expected)


@pytest.mark.parametrize(("failures", "expected"), [(1, 0.05), (2, 0.1), (3, 0.2), (6, 1.6), (7, 2.0), (10_000, 2.0)])
def test_retry_pause_doubles_up_to_two_seconds(failures, expected):
    assert retry_seconds(failures) == pytest.approx(expected)
