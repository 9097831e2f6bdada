from datetime import UTC, datetime, timedelta

import pytest

from core.observation.summaries import ColumnCounts, Moments, ServedCounts
from db import runs, serving_summaries
from db.records.observation import ServingSummaryRecord

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def make_counts(num_rows=10, layout="a"):
    moments = Moments(count=num_rows, mean=1.0, squares=0.5, least=0.0, greatest=2.0)
    column = ColumnCounts(bins=(num_rows, 0), moments=moments)
    return ServedCounts(layout=layout, num_rows=num_rows, num_watched=num_rows, inputs=(column,), outputs=())


@pytest.fixture
def add(database, finished_run):
    finished_run()

    def add_counts(counts=None, version=1):
        with database.transaction() as session:
            return serving_summaries.add(session, "adder", version, counts or make_counts())

    return add_counts


@pytest.fixture
def read(database):
    def read_windows(since=None):
        with database.reading() as session:
            return serving_summaries.read(session, "adder", 1, since)

    return read_windows


@pytest.fixture
def put(database):
    """Insert counts of an earlier time."""

    def put_counts(started_at, length=HOUR, counts=None):
        with database.transaction() as session:
            session.add(
                ServingSummaryRecord(
                    model_name="adder",
                    version=1,
                    started_at=started_at,
                    num_seconds=round(length.total_seconds()),
                    layout="a",
                    counts=counts or make_counts(),
                )
            )

    return put_counts


def begin_of_day(days_ago):
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - days_ago * DAY


def test_counts_of_an_hour_add_up(add, read):
    for _ in range(3):
        assert add()
    assert sum(window.counts.num_rows for window in read()) == 30
    assert all(window.length == HOUR and window.started_at.minute == 0 for window in read())
    (total,) = [window.counts.inputs[0].moments for window in read()][-1:]
    assert total is not None
    assert (total.mean, total.least, total.greatest) == (1, 0, 2)


def test_processes_may_add_at_once(add, read, at_once):
    assert at_once(*[add] * 8) == [True] * 8
    assert sum(window.counts.num_rows for window in read()) == 80


def test_counts_of_different_layouts_are_kept_apart(add, read):
    add(make_counts(layout="a"))
    add(make_counts(layout="b"))
    assert {window.counts.layout for window in read()} == {"a", "b"}


def test_counts_of_a_version_that_is_gone_are_dropped(add, database, finished_run):
    assert not add(version=2)
    run_id = finished_run()
    assert add(version=2)
    with database.transaction() as session:
        runs.delete(session, run_id)
    with database.reading() as session:
        assert serving_summaries.read(session, "adder", 2) == []


def test_hours_of_earlier_days_are_joined(add, put, read):
    for hour in (0, 5, 23):
        put(begin_of_day(4) + hour * HOUR)
    put(begin_of_day(5), DAY)
    put(begin_of_day(5) + HOUR)
    put(begin_of_day(1))
    add()
    found = [(window.started_at, window.length, window.counts.num_rows) for window in read()]
    assert found[:3] == [(begin_of_day(5), DAY, 20), (begin_of_day(4), DAY, 30), (begin_of_day(1), HOUR, 10)]
    assert found[3][1:] == (HOUR, 10)


def test_days_are_dropped_after_three_months(add, put, read):
    put(begin_of_day(91), DAY)
    put(begin_of_day(89), DAY)
    add()
    assert read()[0].started_at == begin_of_day(89)
    assert len(read()) == 2


def test_windows_are_read_from_a_moment_on(add, put, read):
    add()
    put(begin_of_day(1) + 3 * HOUR)
    put(begin_of_day(10), DAY)
    assert len(read()) == 3
    assert read(begin_of_day(10) + 23 * HOUR)[0].started_at == begin_of_day(10)
    assert len(read(begin_of_day(9))) == 2
    assert len(read(begin_of_day(1) + 4 * HOUR)) == 1
