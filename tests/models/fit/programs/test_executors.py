import pytest

from models.fit.programs.executors import Executor, LoopFunction
from models.runtime import tf


def count_to(limit):
    return tf.while_loop(lambda number: number < limit, lambda number: number + 1, (0,))[0]


def count_evenly_to(limit):
    def add(number):
        return tf.cond(number % 2 == 0, lambda: number + 2, lambda: number + 1)

    return tf.while_loop(lambda number: number < limit, add, (0,))[0]


def count_rows_to(limit):
    def add(number):
        return number + tf.while_loop(lambda part: part < 3, lambda part: part + 1, (0,))[0]

    return tf.while_loop(lambda number: number < limit, add, (0,))[0]


@pytest.mark.parametrize(
    ("function", "executor"),
    [
        (count_to, Executor.SERIAL),
        # These would wait for a thread each, and there are only so many.
        (count_evenly_to, Executor.PARALLEL),
        (count_rows_to, Executor.PARALLEL),
    ],
)
def test_only_a_plain_loop_runs_in_one_thread(function, executor):
    loop = LoopFunction(function, [tf.TensorSpec([], tf.int32)], Executor.SERIAL)
    assert loop(tf.constant(6)).numpy() == 6
    assert loop.executor is executor


def test_an_executor_for_large_steps_is_kept():
    loop = LoopFunction(count_to, [tf.TensorSpec([], tf.int32)], Executor.PARALLEL)
    assert loop(tf.constant(6)).numpy() == 6
    assert loop.executor is Executor.PARALLEL
