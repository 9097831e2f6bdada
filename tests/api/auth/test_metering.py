import pytest

from api.auth.metering import Meter, Meters
from core.errors import QuotaExceeded


class Clock:
    def __init__(self):
        self.seconds = 100.0

    def __call__(self):
        return self.seconds


def test_a_minutes_requests_may_come_at_once_and_then_one_by_one():
    clock = Clock()
    meter = Meter("ci", 3, clock)
    for _ in range(3):
        meter.take()
    with pytest.raises(QuotaExceeded) as error:
        meter.take()
    # Three a minute are one in 20 s.
    assert (error.value.retry_after_seconds, error.value.limit, error.value.used) == (20, 3, 3)
    clock.seconds += 19.5
    with pytest.raises(QuotaExceeded) as error:
        meter.take()
    assert error.value.retry_after_seconds == 1
    clock.seconds += 0.5
    meter.take()
    clock.seconds += 3600
    assert meter.num_left == 3


def test_headers_say_the_quota_and_what_is_left():
    clock = Clock()
    meter = Meter("ci", 60, clock)
    for _ in range(15):
        meter.take()
    assert dict(meter.headers()) == {
        b"ratelimit-policy": b'"requests";q=60;w=60',
        b"ratelimit": b'"requests";r=45;t=15',
    }


def test_another_limit_leaves_used_what_was_used():
    meter = Meter("ci", 10, Clock())
    for _ in range(8):
        meter.take()
    meter.change(20)
    assert meter.num_left == 12
    meter.change(5)
    assert meter.num_left == 0


def test_keys_of_one_name_share_a_meter_and_no_limit_needs_none():
    meters = Meters()
    first = meters.find("ci", 10)
    assert meters.find("ci", 10) is first
    assert meters.find("other", 10) is not first
    assert meters.find("ci", 0) is None
