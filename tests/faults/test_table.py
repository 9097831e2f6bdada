import pytest

from faults.kinds.matrix import MATRIX
from faults.kinds.requests import RepeatedPost
from faults.kinds.trainers import KilledTrainer
from faults.running import Row
from faults.table import bound_failures, make_document, make_table

FAULTS = [KilledTrainer(), RepeatedPost()]
ROWS = [
    Row("same-key", "sqlite", num_trials=2, num_runs=2),
    Row("kill-trainer", "sqlite", 3, 3, recovery_seconds=[1.0, 4.25, 2.0], measured={"slowest POST, s": 0.0123}),
    Row("kill-trainer", "postgres-redis", 4, 4, num_lost=1, recovery_seconds=[2.0], complaints=["lost"]),
]


def test_a_line_for_each_fault_and_one_for_all():
    head, _, *lines = make_table(ROWS, FAULTS).splitlines()
    assert head.startswith(
        "| fault | trials, sqlite | trials, postgres-redis | trials, postgres-rabbitmq | runs | lost |"
    )
    assert lines == [
        "| `kill -9` of a trainer mid-epoch | 3 | 4 | – | 7 | 1 | 0 | 0 | > 4.2 | 3 | slowest POST, s: 0.012 |",
        f"| {RepeatedPost.title} | 2 | – | – | 2 | 0 | 0 | 0 | – |  |  |",
        "| **all** | 5 | 4 | – | 9 | 1 | 0 | 0 |  |  |  |",
    ]


@pytest.mark.parametrize(("num_trials", "rate"), [(1, 0.95), (10, 0.2589), (300, 0.009936)])
def test_what_no_failure_in_so_many_trials_excludes(num_trials, rate):
    assert bound_failures(num_trials) == pytest.approx(rate, rel=1e-3)


def test_without_trials_nothing_is_excluded():
    assert bound_failures(0) is None


def test_the_document_says_from_when_to_when_recovery_is_measured():
    document = make_document(ROWS, FAULTS)
    assert document[1]["recovery"] == "from the kill to the next attempt"
    assert document[1]["recovery_seconds"] == [1.0, 4.25, 2.0]


def test_every_fault_has_a_name_of_its_own_and_words_for_its_recovery():
    assert len({fault.name for fault in MATRIX}) == len(MATRIX)
    assert all(fault.recovery for fault in MATRIX if fault.limit_seconds is not None)
