import pytest

from core.notices import Notice
from core.progress import MetricBatch, Phase, Progress
from core.run_report import EngineReport
from worker import spool
from worker.messages import DetailsReport
from worker.reports import Inbox
from worker.spool import Spool

WARNING = Notice("class_not_trained", "/dataset/split", "The class 'c' has no training row.")


@pytest.fixture
def inbox(tmp_path):
    return Inbox(Spool(tmp_path / "points", 0))


def points(num_points, first=1):
    steps = range(first, first + num_points)
    return MetricBatch("train/loss", steps, [0.5] * num_points, [1.0] * num_points)


def test_what_is_taken_is_gone(inbox):
    inbox.note_progress(Progress(Phase.TRAIN, 1, 2, 3, 6))
    inbox.note_metrics([points(3)])
    inbox.note_details(DetailsReport(device="cpu"))
    assert inbox.has_any
    taken = inbox.take()
    assert (taken.progress.step, taken.batches, taken.details.device) == (3, [points(3)], "cpu")
    assert not inbox.has_any
    nothing = inbox.take()
    assert (nothing.progress, nothing.details, nothing.batches) == (None, None, [])


def test_what_comes_later_wins_over_what_is_put_back(inbox):
    inbox.note_progress(Progress(Phase.TRAIN, 1, 2, 3, 6))
    inbox.note_details(DetailsReport(device="cpu", engine=EngineReport(plan="graph")))
    inbox.note_metrics([points(3)])
    taken = inbox.take()
    inbox.note_progress(Progress(Phase.TRAIN, 2, 2, 6, 6))
    inbox.note_details(DetailsReport(device="gpu"))
    inbox.note_metrics([points(3, first=4)])
    inbox.put_back(taken)
    again = inbox.take()
    assert again.progress.step == 6
    assert (again.details.device, again.details.engine.plan) == ("gpu", "graph")
    assert [again.batches, inbox.take().batches] == [[points(3)], [points(3, first=4)]]


def test_only_what_people_wait_for_is_urgent(inbox):
    inbox.note_phase(Phase.COMPILE)
    assert inbox.is_urgent
    inbox.take()
    inbox.note_progress(Progress(Phase.TRAIN, 0, 2, 1, 6))
    assert not inbox.is_urgent
    inbox.note_metrics([points(1)])
    assert inbox.is_urgent
    inbox.take()
    inbox.note_metrics([points(1, first=2)])
    assert not inbox.is_urgent
    inbox.note_details(DetailsReport(device="cpu"))
    assert inbox.is_urgent


def test_points_that_are_left_out_are_told_beside_the_warnings_of_the_trainer(inbox, monkeypatch):
    monkeypatch.setattr(spool, "MAX_IN_MEMORY", 500)
    inbox.note_details(DetailsReport(warnings=(WARNING,)))
    assert inbox.take().details.warnings == (WARNING,)
    inbox.note_metrics([points(1000)])
    taken = inbox.take()
    first, second = taken.details.warnings
    assert (first, second.code) == (WARNING, "points_left_out")
    assert inbox.take().details is None
    # The trainer's next list is whole, and does not take the notice away.
    inbox.note_details(DetailsReport(warnings=()))
    assert [notice.code for notice in inbox.take().details.warnings] == ["points_left_out"]
