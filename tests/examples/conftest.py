import socket

import pytest


@pytest.fixture(scope="session")
def find_free_port():
    """Return a function that finds a port on which nothing listens."""

    def find():
        with socket.create_server(("127.0.0.1", 0)) as server:
            return server.getsockname()[1]

    return find
