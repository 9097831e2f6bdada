"""A handful of the matrix on PostgreSQL and RabbitMQ; `make test-faults` tries all of it."""

import pytest

from faults.backends import POSTGRES_RABBITMQ
from faults.kinds.brokers import FlushedBroker, FrozenBroker, KilledBroker

BACKEND = POSTGRES_RABBITMQ


@pytest.mark.parametrize("fault", [FlushedBroker(), KilledBroker(), FrozenBroker()], ids=lambda fault: fault.name)
def test_nothing_is_lost_doubled_or_damaged_by(fault, try_fault):
    try_fault(fault)
