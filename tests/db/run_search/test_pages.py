from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from core.errors import InvalidFilter, InvalidInput
from core.progress import MetricBatch
from db import metrics, runs
from db.cursors import write_cursor
from db.records.runs import RunNumberRecord, RunRecord, RunTagRecord, RunTextRecord, RunWordRecord
from db.run_search.pages import Search, find_page

START = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def make(database):
    """Store a run with some columns changed; return its id."""

    def make_run(*, tags=None, spec=None, notes=None, experiment="trials", model="adder", loss=None, **columns):
        with database.transaction() as session:
            record = runs.create(
                session, experiment=experiment, model_name=model, spec=spec or {}, tags=tags, notes=notes
            )
            if columns:
                session.execute(update(RunRecord).where(RunRecord.id == record.id).values(**columns))
            if loss is not None:
                metrics.append(session, record.id, [MetricBatch("loss", (1,), (loss,), (0.0,))])
            return record.id

    return make_run


@pytest.fixture
def read(database):
    """Read every page of a search; return the ids of each."""

    def read_pages(limit=2, **search):
        pages, cursor = [], None
        while True:
            with database.reading() as session:
                found = find_page(session, Search(**search), limit=limit, cursor=cursor)
            pages.append(found.ids)
            cursor = found.next_cursor
            if cursor is None:
                return pages

    return read_pages


def test_runs_come_newest_first_and_each_once(make, read):
    made = [make(created_at=START + timedelta(seconds=second // 2)) for second in range(5)]
    # Runs of the same moment are ordered by id, which rises.
    assert read() == [[made[4], made[3]], [made[2], made[1]], [made[0]]]
    assert read(sort="created_at") == [[made[0], made[1]], [made[2], made[3]], [made[4]]]


def test_a_run_submitted_between_two_pages_shifts_nothing(make, database):
    old = [make(created_at=START + timedelta(seconds=second)) for second in range(3)]
    with database.reading() as session:
        first = find_page(session, Search(), limit=2)
    make(created_at=START + timedelta(seconds=9))
    with database.reading() as session:
        second = find_page(session, Search(), limit=2, cursor=first.next_cursor)
    assert (first.ids, second.ids) == ([old[2], old[1]], [old[0]])


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("metrics.loss.best", [{"loss": 0.5}, {"loss": 2.0}, {"loss": float("inf")}]),
        ("tags.team", [{"tags": {"team": "Z"}}, {"tags": {"team": "a"}}, {"tags": {"team": "é"}}]),
        ("spec.x", [{"spec": {"x": -1}}, {"spec": {"x": 2.5}}, {"spec": {"x": 10}}]),
        ("spec.list.0", [{"spec": {"list": [1]}}, {"spec": {"list": [2]}}, {"spec": {"list": [3]}}]),
        ("started_at", [{"started_at": START}, {"started_at": START + timedelta(microseconds=1)}]),
        ("model_version.version", [{"model_version": 2}, {"model_version": 10}]),
        ("preset", [{"preset": "B"}, {"preset": "a"}]),
    ],
)
def test_runs_without_a_value_come_last_in_either_direction(make, read, sign, field, values):
    made = [make(**value) for value in values]
    without = [make(), make()]
    expected = [*made, *without] if not sign else [*reversed(made), *reversed(without)]
    for limit in (1, 2, 10):
        assert [run for page in read(limit=limit, sort=sign + field) for run in page] == expected


def test_values_of_a_spec_are_sorted_by_type_first(make, read):
    values = [2, 10.5, "1", "a", False, True]
    made = [make(spec={"x": value}) for value in values]
    others = [make(spec={"x": None}), make(spec={"x": {"y": 1}}), make()]
    assert [run for page in read(sort="spec.x") for run in page] == made + others


@pytest.mark.parametrize(
    "name", ["id", "duration_seconds", "priority", "state", "experiment", "error.code", "source_run_id"]
)
def test_any_field_can_be_sorted_by(make, read, name):
    made = [make(started_at=START, ended_at=START + timedelta(seconds=seconds)) for seconds in (3, 1, 2)]
    found = [run for page in read(sort=f"{name} asc") for run in page]
    assert found == ([made[1], made[2], made[0]] if name == "duration_seconds" else made)


def test_a_cursor_of_another_list_is_refused(make, database):
    for _ in range(3):
        make()
    with database.reading() as session:
        cursor = find_page(session, Search(filter="priority = 0"), limit=1).next_cursor
        for other in (Search(), Search(filter="priority = 0", sort="created_at"), Search(filter="priority = 0 ")):
            with pytest.raises(InvalidInput, match="another filter") as raised:
                find_page(session, other, limit=1, cursor=cursor)
            assert raised.value.problems[0].code == "cursor_of_another_list"


@pytest.mark.parametrize(
    "place",
    [
        (),
        (0, 0, 0, "00" * 16),
        (0, 1, 0, "00" * 16),
        (0, -1, 0, "00" * 16),
        (0, 0, "0", "00" * 16),
        (0, 0, 1.5, "00" * 16),
        (0, 0, None, "00" * 16),
        (0, 0, 2**63, "00" * 16),
        (10**30, 0, 0, "00" * 16),
        (-1, 0, 0, "00" * 16),
        (0, 0, 0, "no id"),
    ],
)
def test_a_cursor_that_is_made_up_is_refused(database, place):
    search = Search()
    cursor = write_cursor(search.fingerprint(), *place)
    with database.reading() as session:
        if place == (0, 0, 0, "00" * 16):
            assert find_page(session, search, limit=1, cursor=cursor).ids == []
            return
        with pytest.raises(InvalidInput) as raised:
            find_page(session, search, limit=1, cursor=cursor)
    assert raised.value.problems[0].code == "bad_cursor"


@pytest.mark.parametrize("value", ["\x00", "\ud800"])
def test_a_made_up_text_in_a_cursor_does_not_reach_the_database(database, value):
    search = Search(sort="experiment")
    with database.reading() as session, pytest.raises(InvalidInput):
        find_page(session, search, limit=1, cursor=write_cursor(search.fingerprint(), 0, 0, value, "00" * 16))


def test_a_relative_time_is_the_same_on_every_page(make, database):
    hour = timedelta(hours=1)
    made = [make(created_at=datetime.now(UTC) - hour * age) for age in (3, 2, 1)]
    search = Search(filter="created_at > now-150m", sort="created_at")
    with database.reading() as session:
        first = find_page(session, search, limit=1)
        assert first.ids == [made[1]]
        second = find_page(session, search, limit=1, cursor=first.next_cursor)
    assert (second.ids, second.next_cursor) == ([made[2]], None)


def test_runs_are_counted_over_all_pages(make, database):
    for number in range(5):
        make(tags={"odd": str(number % 2)})
    with database.reading() as session:
        found = find_page(session, Search(filter="tags.odd = '1'"), limit=1, is_counted=True)
        assert (len(found.ids), found.total) == (1, 2)
        assert find_page(session, Search(), limit=1).total is None


@pytest.mark.parametrize(
    ("find", "names"),
    [
        ("vision", ["tagged"]),
        ("VIS bas", ["tagged"]),
        ("fusse", ["noted"]),
        ("FÜSS", ["noted"]),
        ("rate", ["noted"]),
        ("adder", ["tagged", "noted", "plain"]),
        ("add trial", ["tagged", "noted", "plain"]),
        ("dder", []),
        ("vision fusse", []),
        ("x' OR 1=1 --", []),
        ('"vision" OR NOT NEAR(a*', []),
        ("vision*", ["tagged"]),
    ],
)
def test_words_are_found_by_their_beginnings(make, read, find, names):
    made = {
        "tagged": make(tags={"team": "Vision"}, notes="The baseline."),
        "noted": make(notes="Füße, learning_rate 0.1"),
        "plain": make(),
    }
    assert {run for page in read(find=find) for run in page} == {made[name] for name in names}


def test_many_words_with_one_beginning_are_found(make, read):
    made = [make(notes=f"word{number}") for number in range(60)]
    assert {run for page in read(find="word", limit=100) for run in page} == set(made)


def test_words_without_letters_or_digits_are_refused(database):
    with database.reading() as session, pytest.raises(InvalidInput, match="no letters"):
        find_page(session, Search(find="--- !"), limit=1)


@pytest.mark.parametrize("sort", ["notes", "error.detail", "stat", "tags", "-state desc", "state,created_at", ""])
def test_a_wrong_order_is_refused(database, sort):
    with database.reading() as session, pytest.raises(InvalidFilter, match="of sort"):
        find_page(session, Search(sort=sort), limit=1)


def test_a_deleted_run_leaves_nothing_that_finds_it(make, database):
    run_id = make(tags={"team": "vision"}, spec={"x": 1, "y": {"z": "text"}}, notes="words", state="failed")
    with database.transaction() as session:
        runs.delete(session, run_id)
    with database.reading() as session:
        for kind in (RunTagRecord, RunWordRecord, RunNumberRecord, RunTextRecord):
            assert session.scalars(select(kind.run_id)).all() == []
