"""A handful of the matrix on SQLite and the embedded broker; `make test-faults` tries all of it."""

import pytest

from faults.backends import SQLITE
from faults.kinds.brokers import FlushedBroker, KilledBroker
from faults.kinds.requests import KilledApi, RepeatedPost
from faults.kinds.trainers import KilledTrainer
from faults.kinds.workers import FrozenWorker

BACKEND = SQLITE


@pytest.mark.parametrize(
    "fault",
    [KilledTrainer(), RepeatedPost(), KilledBroker(), FlushedBroker(), KilledApi(), FrozenWorker()],
    ids=lambda fault: fault.name,
)
def test_nothing_is_lost_doubled_or_damaged_by(fault, try_fault):
    try_fault(fault)
