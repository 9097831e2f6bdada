"""Status of training by the reports of several workers."""

import pytest

from core.workers import WaitingKind, Worker, WorkerHealth, WorkerState, Workforce


def make_worker(name="a:1", state=WorkerState.READY, *, is_live=True, broken_seconds=0.0, num_failed_starts=3):
    is_broken = state is WorkerState.BROKEN
    health = WorkerHealth(
        state=state,
        num_trainers=1,
        num_ready=int(state is WorkerState.READY),
        num_failed_starts=num_failed_starts if is_broken else 0,
        error="No GPU." if is_broken else None,
    )
    return Worker(name, name.partition(":")[0], health, is_live, broken_seconds)


def broken(name="b:1", **changes):
    return make_worker(name, WorkerState.BROKEN, **{"broken_seconds": 100.0} | changes)


def starting():
    return make_worker("c:1", WorkerState.STARTING)


@pytest.mark.parametrize(
    ("workers", "kind"),
    [
        ((), WaitingKind.WORKER),
        ((make_worker(is_live=False),), WaitingKind.WORKER),
        ((make_worker(),), WaitingKind.TRAINER),
        ((starting(),), WaitingKind.TRAINER),
        ((broken(),), WaitingKind.REPAIR),
        ((broken(), make_worker(is_live=False)), WaitingKind.REPAIR),
        ((broken(), make_worker()), WaitingKind.TRAINER),
        ((broken(), starting()), WaitingKind.TRAINER),
    ],
)
def test_a_run_waits_for_what_is_missing(workers, kind):
    assert Workforce(workers).waiting_for().kind is kind
    assert Workforce(workers).status().ok is (kind is WaitingKind.TRAINER)


def test_a_repair_is_named_with_the_reason():
    assert Workforce((broken(),)).waiting_for().detail == "no trainer can start: No GPU."


def test_a_worker_with_some_broken_trainers_is_named_though_it_trains():
    partly = Worker("a:1", "a", WorkerHealth(WorkerState.READY, 2, 1, 1, "No memory."), True, 0.0)
    status = Workforce((partly,)).status()
    assert (status.ok, status.detail) == (True, "worker a:1: only 1 of 2 trainers can start: No memory.")


@pytest.mark.parametrize(
    ("workers", "expected"),
    [
        ((), False),
        ((broken(),), True),
        ((broken(), broken("d:1")), True),
        ((broken(broken_seconds=99.0),), False),
        ((broken(num_failed_starts=2),), False),
        ((broken(), make_worker()), False),
        ((broken(), starting()), False),
        ((broken(is_live=False),), False),
        # A worker that ended cannot train either.
        ((broken(), make_worker(is_live=False)), True),
    ],
)
def test_only_workers_that_all_fail_for_long_enough_are_given_up(workers, expected):
    assert Workforce(workers).has_been_broken_for(100.0) is expected
