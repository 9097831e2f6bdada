import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import create_engine, literal, select

from db.columns import MetricValue, Timestamp


@pytest.fixture
def roundtrip():
    engine = create_engine("sqlite://")

    def through_sql(value, kind):
        with engine.connect() as connection:
            return connection.scalar(select(literal(value, kind)))

    yield through_sql
    engine.dispose()


def test_time_keeps_its_microseconds_and_is_read_in_utc(roundtrip):
    moment = datetime(2026, 3, 4, 5, 6, 7, 891011, tzinfo=timezone(timedelta(hours=9)))
    read = roundtrip(moment, Timestamp())
    assert read == moment
    assert read.tzinfo is UTC


def test_time_without_a_zone_is_rejected():
    with pytest.raises(ValueError, match="no time zone"):
        Timestamp().process_bind_param(datetime(2026, 3, 4), None)  # noqa: DTZ001 - the point of the test.


@pytest.mark.parametrize("value", [0.1, -math.inf, math.inf, 5e-324])
def test_numbers_are_read_as_they_were_written(roundtrip, value):
    assert roundtrip(value, MetricValue()) == value


def test_nan_is_stored_as_null_and_read_as_nan():
    assert MetricValue().process_bind_param(math.nan, None) is None
    assert math.isnan(MetricValue().process_result_value(None, None))
