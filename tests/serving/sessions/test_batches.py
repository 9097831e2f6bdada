import asyncio
from collections import deque

import numpy as np
import pytest

from serving.sessions.batches import Part, QueuedRequest, complete, join, part_outputs, take_batch


@pytest.fixture
def loop():
    made = asyncio.new_event_loop()
    yield made
    made.close()


@pytest.fixture
def request_of(loop):
    """Return a function that makes a request of rows 10·number, 10·number + 1, …"""

    def make(number, num_rows=1, width=1):
        rows = np.float32(10 * number) + np.arange(num_rows, dtype=np.float32)[:, None] + np.zeros(width, np.float32)
        return QueuedRequest({"x": rows}, num_rows, loop.create_future())

    return make


def take(queue, max_rows=8, *, joins=True):
    return [
        (part.request, part.start, part.stop) for part in take_batch(queue, max_rows=lambda _: max_rows, joins=joins)
    ]


def test_requests_are_taken_in_order_as_long_as_they_fit(request_of):
    first, second, third = (request_of(number, 3) for number in range(3))
    queue = deque([first, second, third])
    assert take(queue) == [(first, 0, 3), (second, 0, 3)]
    assert list(queue) == [third]


def test_a_smaller_request_fills_the_room_and_the_larger_keeps_its_place(request_of):
    first, large, small, last = request_of(0, 6), request_of(1, 4), request_of(2, 2), request_of(3)
    queue = deque([first, large, small, last])
    assert take(queue) == [(first, 0, 6), (small, 0, 2)]
    assert list(queue) == [large, last]


def test_rows_of_other_shapes_wait(request_of):
    first, wide, second = request_of(0), request_of(1, width=2), request_of(2)
    queue = deque([first, wide, second])
    assert take(queue) == [(first, 0, 1), (second, 0, 1)]
    assert take(queue) == [(wide, 0, 1)]


def test_a_request_of_too_many_rows_is_taken_in_parts_between_others(request_of):
    large, small = request_of(0, 20), request_of(5)
    queue = deque([large, small])
    assert take(queue) == [(large, 0, 8)]
    assert take(queue) == [(small, 0, 1)]
    assert take(queue) == [(large, 8, 16)]
    other = request_of(6, 3)
    queue.append(other)
    assert take(queue) == [(large, 16, 20), (other, 0, 3)]
    assert take(queue) == []


def test_a_request_of_too_many_rows_does_not_begin_behind_another(request_of):
    small, large = request_of(0), request_of(1, 20)
    queue = deque([small, large])
    assert take(queue) == [(small, 0, 1)]
    assert take(queue) == [(large, 0, 8)]


def test_requests_that_nobody_waits_for_are_dropped(request_of):
    gone, late, waiting = (request_of(number) for number in range(3))
    gone.future.cancel()
    late.future.set_result({})
    queue = deque([gone, late, waiting])
    assert take(queue) == [(waiting, 0, 1)]
    assert not queue


def test_the_first_request_decides_how_many_rows_fit(request_of):
    large, *small = request_of(0, 3), request_of(1), request_of(2)
    queue = deque([large, *small])
    limits = {large: 2}
    parts = take_batch(queue, max_rows=lambda request: limits.get(request, 5), joins=True)
    assert [(part.request, part.num_rows) for part in parts] == [(large, 2)]
    parts = take_batch(queue, max_rows=lambda request: limits.get(request, 5), joins=True)
    assert [(part.request, part.num_rows) for part in parts] == [(small[0], 1), (small[1], 1), (large, 1)]


def test_a_network_that_mixes_rows_gets_each_request_whole(request_of):
    large, small = request_of(0, 20), request_of(1)
    queue = deque([large, small])
    assert take(queue, joins=False) == [(large, 0, 20)]
    assert take(queue, joins=False) == [(small, 0, 1)]


def test_parts_are_joined_in_order_and_parted_again(request_of):
    first, second = request_of(1, 2), request_of(2, 5)
    parts = [Part(first, 0, 2), Part(second, 3, 5)]
    inputs = join(parts, 4)
    assert inputs["x"].tolist() == [[10], [11], [23], [24]]
    outputs = part_outputs({"y": inputs["x"] * 2}, parts, 4)
    assert [output["y"].tolist() for output in outputs] == [[[20], [22]], [[46], [48]]]


def test_padding_repeats_the_last_row_and_is_not_answered(request_of):
    parts = [Part(request_of(1, 2), 0, 2), Part(request_of(2), 0, 1)]
    inputs = join(parts, 5)
    assert inputs["x"].tolist() == [[10], [11], [20], [20], [20]]
    outputs = part_outputs(inputs, parts, 5)
    assert [output["x"].tolist() for output in outputs] == [[[10], [11]], [[20]]]


@pytest.mark.parametrize("output", [np.zeros(()), np.zeros((2, 3)), np.zeros((4, 3))])
def test_outputs_without_a_row_for_each_of_the_batch_are_not_parted(request_of, output):
    parts = [Part(request_of(0, 2), 0, 2), Part(request_of(1), 0, 1)]
    with pytest.raises(ValueError, match="output 'y' of 3 rows has the shape"):
        part_outputs({"good": np.zeros((3, 1)), "y": output}, parts, 3)


def test_the_answers_of_parts_become_one():
    assert complete([{"y": np.array([1, 2])}, {"y": np.array([3])}])["y"].tolist() == [1, 2, 3]
    whole = {"y": np.array([1])}
    assert complete([whole]) is whole
