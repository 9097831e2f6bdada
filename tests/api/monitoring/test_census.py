import asyncio
import threading

import pytest

from api.monitoring import census as census_taker
from api.monitoring.census import CensusTaker, Totals
from api.monitoring.exchange import Exchange
from core.errors import DatabaseUnavailable
from db import runs
from db.session import Database


def ask(taker):
    return asyncio.run(taker.ask())


@pytest.fixture
def make_taker(database):
    """Takers that are closed after the test, once no census is held up any more."""
    made = []

    def make(**options):
        made.append(CensusTaker(database, Exchange(), **options))
        return made[-1]

    yield make
    for taker in made:
        taker._wait_seconds = 30.0
        asyncio.run(taker.close())


@pytest.fixture
def taker(make_taker):
    return make_taker()


@pytest.fixture
def ages(monkeypatch):
    """Makes every reading old at once, as if time went by between one question and the next."""
    monkeypatch.setattr(census_taker, "KEPT_SECONDS", 0.0)
    monkeypatch.setattr(census_taker, "KEPT_SHARE", 0.0)


@pytest.fixture
def census(monkeypatch):
    """Counts the times that a census is taken, and can hold one up."""

    class Control:
        num_taken = 0
        may_go_on = threading.Event()

    control = Control()
    control.may_go_on.set()
    take = census_taker.take_census

    def take_and_count(session):
        control.num_taken += 1
        assert control.may_go_on.wait(30)
        return take(session)

    monkeypatch.setattr(census_taker, "take_census", take_and_count)
    yield control
    control.may_go_on.set()


def test_totals_begin_at_nothing_and_rise_by_what_is_new():
    totals = Totals()
    assert totals.follow({"failed": 7, "succeeded": 100}) == {"failed": 0, "succeeded": 0}
    assert totals.follow({"failed": 9, "succeeded": 100}) == {"failed": 2, "succeeded": 0}
    assert totals.follow({"failed": 10, "succeeded": 103}) == {"failed": 3, "succeeded": 3}


def test_totals_do_not_fall_when_runs_are_deleted():
    totals = Totals()
    totals.follow({"failed": 7})
    assert totals.follow({"failed": 9}) == {"failed": 2}
    assert totals.follow({"failed": 0}) == {"failed": 2}
    assert totals.follow({"failed": 1}) == {"failed": 3}


def test_two_questions_close_together_take_one_census(taker, census):
    first = ask(taker)
    assert ask(taker) is first
    assert census.num_taken == 1


def test_a_census_that_took_long_is_kept_for_longer(taker):
    reading = ask(taker)
    assert census_taker.KEPT_SHARE * 5.0 > census_taker.KEPT_SECONDS
    object.__setattr__(reading, "taken_at", reading.taken_at - 30)
    assert not reading.is_fresh
    object.__setattr__(reading, "seconds", 5.0)
    assert reading.is_fresh


@pytest.mark.usefixtures("ages")
def test_questions_at_the_same_time_share_one_census(taker, census):
    census.may_go_on.clear()

    async def ask_together():
        questions = [asyncio.create_task(taker.ask()) for _ in range(10)]
        await asyncio.sleep(0)
        census.may_go_on.set()
        return await asyncio.gather(*questions)

    readings = asyncio.run(ask_together())
    assert census.num_taken == 1
    assert all(reading is readings[0] for reading in readings)


@pytest.mark.usefixtures("ages")
def test_the_wait_for_an_unresponsive_database_is_limited(make_taker, census):
    taker = make_taker(wait_seconds=0.01)
    census.may_go_on.clear()
    assert ask(taker) is None
    assert ask(taker) is None
    # The second question did not start another look beside the one that hangs.
    assert census.num_taken == 1


def test_a_census_that_comes_late_is_there_for_the_next_who_asks(make_taker, census):
    taker = make_taker(wait_seconds=0.01)
    census.may_go_on.clear()
    assert ask(taker) is None
    late = taker._under_way
    census.may_go_on.set()
    reading = late.result(30)
    assert reading is not None
    assert ask(taker) is reading


def test_closing_waits_for_the_census_under_way(make_taker, census, database):
    taker = make_taker(wait_seconds=0.01)
    census.may_go_on.clear()
    assert ask(taker) is None
    taker._wait_seconds = 30.0
    threading.Timer(0.1, census.may_go_on.set).start()
    asyncio.run(taker.close())
    assert taker._under_way.done()
    assert database.engine.pool.checkedout() == 0


def test_closing_does_not_wait_without_end_for_a_database_that_is_silent(make_taker, census):
    taker = make_taker(wait_seconds=0.01)
    census.may_go_on.clear()
    assert ask(taker) is None
    asyncio.run(taker.close())
    assert not taker._under_way.done()


def test_an_unavailable_database_gives_no_reading_and_is_queried_again(taker, monkeypatch, caplog):
    def fail(_):
        raise DatabaseUnavailable("The database does not answer: connection refused. Try again.")

    with monkeypatch.context() as patch:
        patch.setattr(Database, "reading", fail)
        assert ask(taker) is None
    assert "connection refused" in caplog.text
    assert ask(taker) is not None


def test_an_unexpected_error_leaves_no_caller_waiting(taker, monkeypatch, caplog):
    monkeypatch.setattr(census_taker, "take_census", lambda _: 1 / 0)
    assert ask(taker) is None
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.usefixtures("ages")
def test_counters_go_on_whichever_process_is_asked(database, tmp_path):
    takers = [CensusTaker(database, Exchange(tmp_path, number)) for number in range(2)]
    submitted = []
    for taker in (*takers, *takers):
        submitted.append(ask(taker).num_submitted)
        with database.transaction() as session:
            runs.create(session, experiment="tests", model_name="adder", spec={"seed": 0})
    for taker in takers:
        asyncio.run(taker.close())
    assert submitted == [0, 1, 2, 3]
