"""The order and the number of trials, with trials that only take time."""

from contextlib import contextmanager
from types import SimpleNamespace
from typing import ClassVar

import pytest

from faults import running
from faults.fault import Fault
from faults.oracle import Verdict
from faults.running import Row, run


class Quick(Fault):
    name = "quick"

    def disturb(self, trial):
        raise NotImplementedError


class Once(Quick):
    name = "once"
    is_tried_once = True


class Slow(Quick):
    name = "slow"
    num_workers = 4


class Elsewhere(Quick):
    name = "elsewhere"
    settings: ClassVar = {"TRAINYARD_LEASE_SECONDS": "60"}
    backends = ("sqlite",)


class Broken(Quick):
    name = "broken"


@pytest.fixture
def opened(monkeypatch):
    """Services that were opened; a trial takes 10 s, a slow one 35 s."""
    now, opened = [0.0], []
    monkeypatch.setattr(running.time, "monotonic", lambda: now[0])

    @contextmanager
    def open_site(backend, _folder, settings, _disk_bytes):
        opened.append((backend, dict(settings)))
        yield None

    def try_once(fault, _site, _chance):
        now[0] += 35.0 if fault.name == "slow" else 10.0
        if fault.name == "broken":
            raise RuntimeError("no")
        verdict = Verdict(num_runs=2, lost=["one"] if fault.name == "slow" else [])
        return SimpleNamespace(recovery_seconds=1.5, measured={"x": now[0]}), verdict

    monkeypatch.setattr(running, "open_site", open_site)
    monkeypatch.setattr(running, "try_once", try_once)
    return opened


def count(faults, backends, seconds, **options):
    rows = {}
    for row in run(faults, backends, seconds, seed=0, **options):
        rows[row.fault, row.backend] = row
    return rows


@pytest.mark.usefixtures("opened")
def test_faults_are_tried_again_while_there_is_time():
    rows = count([Quick(), Slow()], ["sqlite"], 100)
    # 10 + 35, again 10 + 35, and 10 more.
    assert {name: row.num_trials for (name, _), row in rows.items()} == {"quick": 3, "slow": 2}


@pytest.mark.usefixtures("opened")
def test_each_is_tried_at_least_once_however_little_time_there_is():
    rows = count([Slow(), Once()], ["sqlite"], 1)
    assert {name: row.num_trials for (name, _), row in rows.items()} == {"slow": 1, "once": 1}


@pytest.mark.usefixtures("opened")
def test_one_that_takes_long_is_tried_once():
    assert count([Once(), Quick()], ["sqlite"], 100)["once", "sqlite"].num_trials == 1


@pytest.mark.usefixtures("opened")
def test_no_more_trials_than_were_asked_for():
    assert count([Quick()], ["sqlite"], 100, most_trials=2)["quick", "sqlite"].num_trials == 2


def test_faults_with_other_settings_get_a_service_of_their_own_where_they_mean_something(opened):
    rows = count([Quick(), Elsewhere()], ["sqlite", "postgres-redis"], 1)
    assert set(rows) == {("quick", "sqlite"), ("elsewhere", "sqlite"), ("quick", "postgres-redis")}
    assert opened == [("sqlite", {}), ("sqlite", {"TRAINYARD_LEASE_SECONDS": "60"}), ("postgres-redis", {})]


def test_a_trial_that_breaks_is_shown_and_the_others_get_a_new_service(opened):
    rows = count([Broken(), Quick()], ["sqlite"], 1)
    assert rows["broken", "sqlite"].complaints == ["RuntimeError: no"]
    assert rows["broken", "sqlite"].num_damaged == 1
    assert rows["quick", "sqlite"].is_right
    assert len(opened) == 2


@pytest.mark.parametrize("fault", [Slow(), Quick()], ids=lambda fault: fault.name)
def test_after_a_trial_in_which_something_was_lost_the_next_has_a_new_service(fault, opened):
    count([fault], ["sqlite"], 1000, most_trials=2)
    assert len(opened) == (2 if fault.name == "slow" else 1)


@pytest.mark.usefixtures("opened")
def test_a_row_counts_what_was_found():
    row = count([Slow()], ["sqlite"], 80)["slow", "sqlite"]
    assert (row.num_trials, row.num_runs, row.num_lost, row.complaints) == (2, 4, 2, ["one", "one"])
    assert (row.recovery_seconds, row.measured) == ([1.5, 1.5], {"x": 70.0})


@pytest.mark.usefixtures("opened")
def test_a_trial_that_is_interrupted_does_not_count(monkeypatch):
    def interrupt(*_):
        raise SystemExit

    monkeypatch.setattr(running, "try_once", interrupt)
    row = Row("quick", "sqlite")
    with pytest.raises(SystemExit):
        row.try_again(Quick(), None, None)
    assert row.num_trials == 0


def test_what_was_never_tried_is_not_right():
    assert not Row("quick", "sqlite").is_right
