import itertools

import pytest

from core.errors import IllegalMove
from core.run_state import TERMINAL_STATES, RunState, check_move, states_before

QUEUED, RUNNING, PAUSED, SUCCEEDED, FAILED, CANCELLED = RunState
LEGAL = {
    (QUEUED, RUNNING),
    (QUEUED, PAUSED),
    (QUEUED, CANCELLED),
    (QUEUED, FAILED),
    (RUNNING, QUEUED),
    (RUNNING, PAUSED),
    (RUNNING, SUCCEEDED),
    (RUNNING, FAILED),
    (RUNNING, CANCELLED),
    (PAUSED, QUEUED),
    (PAUSED, CANCELLED),
}
PAIRS = list(itertools.product(RunState, repeat=2))


@pytest.mark.parametrize(("current", "wanted"), [pair for pair in PAIRS if pair in LEGAL])
def test_a_run_makes_this_move(current, wanted):
    check_move(current, wanted)
    assert current in states_before(wanted)


@pytest.mark.parametrize(("current", "wanted"), [pair for pair in PAIRS if pair not in LEGAL])
def test_a_run_never_makes_this_move(current, wanted):
    with pytest.raises(IllegalMove, match=f"cannot become {wanted}"):
        check_move(current, wanted)
    assert current not in states_before(wanted)


def test_a_run_ends_in_three_ways():
    assert {SUCCEEDED, FAILED, CANCELLED} == TERMINAL_STATES


def test_the_error_says_that_the_run_has_ended():
    with pytest.raises(IllegalMove, match=r"The run has ended \(failed\) and cannot become running\."):
        check_move(FAILED, RUNNING)


def test_the_error_lists_the_legal_moves():
    expected = r"A queued run cannot become succeeded, only cancelled, failed, paused, running\."
    with pytest.raises(IllegalMove, match=expected):
        check_move(QUEUED, SUCCEEDED)


def test_states_are_spelled_as_the_interface_has_them():
    assert [str(state) for state in RunState] == ["queued", "running", "paused", "succeeded", "failed", "cancelled"]
