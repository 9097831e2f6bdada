"""A handful of the matrix on PostgreSQL and Redis; `make test-faults` tries all of it."""

import pytest

from faults.backends import POSTGRES_REDIS
from faults.kinds.brokers import DuplicateDoorbells, KilledBroker
from faults.kinds.databases import RestartedDatabase
from faults.kinds.workers import KilledWorker

BACKEND = POSTGRES_REDIS


@pytest.mark.parametrize(
    "fault",
    [DuplicateDoorbells(), KilledBroker(), RestartedDatabase(), KilledWorker()],
    ids=lambda fault: fault.name,
)
def test_nothing_is_lost_doubled_or_damaged_by(fault, try_fault):
    try_fault(fault)
