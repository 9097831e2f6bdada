import pytest

from models.fit.pacing import Pacer


def run(seconds_of, total):
    """Amounts that are done call by call, where a call with `amount` takes `seconds_of(amount)`."""
    pacer, amounts = Pacer(target_seconds=0.2), []
    while sum(amounts) < total:
        amount = pacer.next_amount(total - sum(amounts))
        amounts.append(amount)
        pacer.took(amount, seconds_of(amount))
    return amounts


def test_calls_grow_to_the_time_they_may_take():
    assert run(lambda amount: amount * 0.001, 1_000) == [1, 4, 16, 64, 200, 200, 200, 200, 115]


def test_slow_work_is_done_piece_by_piece():
    assert run(lambda amount: amount * 0.5, 4) == [1, 1, 1, 1]


@pytest.mark.parametrize("milliseconds", [0.01, 1, 30, 150])
def test_no_call_takes_longer_than_it_may_where_pieces_take_equally_long(milliseconds):
    assert max(run(lambda amount: amount * milliseconds / 1000, 2_000)) * milliseconds <= 200


def test_a_call_slowed_by_others_does_not_slow_those_that_follow_for_long():
    slow = [3.0]

    amounts = run(lambda amount: slow.pop() if amount == 64 and slow else amount * 0.001, 800)

    # 64 pieces took three seconds: four at a time for once, and up again.
    assert amounts == [1, 4, 16, 64, 4, 16, 64, 200, 200, 200, 31]
