import pytest

from models.checkpoints.pace import CheckpointPace


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_a_checkpoint_is_due_at_the_end_of_an_epoch_after_the_least_time(clock):
    pace = CheckpointPace(60.0, clock)
    clock.now += 59.0
    assert not pace.is_due(ends_epoch=True)
    clock.now += 1.0
    assert pace.is_due(ends_epoch=True)
    assert not pace.is_due(ends_epoch=False)


def test_a_long_epoch_is_not_waited_for(clock):
    pace = CheckpointPace(60.0, clock)
    clock.now += 120.0
    assert pace.is_due(ends_epoch=False)


def test_the_next_is_due_after_the_least_time(clock):
    pace = CheckpointPace(60.0, clock)
    pace.took(1.0)
    clock.now += 60.0
    assert pace.is_due(ends_epoch=True)


def test_expensive_ones_take_at_most_three_hundredths_of_the_time(clock):
    pace = CheckpointPace(60.0, clock)
    pace.took(10.0)
    clock.now += 323.0
    assert not pace.is_due(ends_epoch=True)
    clock.now += 1.0
    assert pace.is_due(ends_epoch=True)


def test_without_a_least_time_only_the_share_counts(clock):
    pace = CheckpointPace(0.0, clock)
    assert pace.is_due(ends_epoch=False)
    pace.took(0.01)
    clock.now += 0.32
    assert not pace.is_due(ends_epoch=True)
