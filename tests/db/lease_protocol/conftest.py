"""A world of clients, workers and a reconciler for each database."""

import pytest

from tests.db.lease_protocol.world import World


@pytest.fixture
def world(database):
    return World(database)
