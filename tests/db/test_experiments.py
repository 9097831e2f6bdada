import pytest

from core.errors import InvalidInput, UnknownExperiment
from core.run_state import RunState
from db import experiments
from db.cursors import write_cursor


def test_first_run_makes_its_experiment(database, queue_run, claim):
    queue_run(experiment="adders")
    queue_run(experiment="adders")
    claim()
    with database.reading() as session:
        experiment = experiments.get(session, "adders")
    assert experiment.runs_by_state == {RunState.QUEUED: 1, RunState.RUNNING: 1}
    assert experiment.created_at.utcoffset().total_seconds() == 0


def test_unknown_experiment_is_named_with_the_nearest(database, queue_run):
    queue_run(experiment="adders")
    with pytest.raises(UnknownExperiment, match="Did you mean 'adders'"), database.reading() as session:
        experiments.get(session, "aders")


def test_experiments_are_listed_by_name_in_pages(database, queue_run):
    for name in ("c", "a", "b"):
        queue_run(experiment=name)
    with database.reading() as session:
        first = experiments.list_page(session, limit=2)
        second = experiments.list_page(session, limit=2, cursor=first.next_cursor)
    assert [item.name for item in first.items] == ["a", "b"]
    assert [(item.name, item.runs_by_state) for item in second.items] == [("c", {RunState.QUEUED: 1})]
    assert second.next_cursor is None


def test_bad_cursor_is_rejected(database):
    with pytest.raises(InvalidInput), database.reading() as session:
        experiments.list_page(session, limit=2, cursor=write_cursor(1))


def test_experiment_that_many_make_at_once_is_made_once(database, queue_run, at_once):
    made = at_once(*[lambda: queue_run(experiment="adders")] * 8)
    with database.reading() as session:
        assert experiments.get(session, "adders").runs_by_state == {RunState.QUEUED: len(set(made))}
    assert len(set(made)) == 8
