import socket

import pytest


@pytest.fixture(scope="session")
def find_free_port():
    """A way to a port that nothing listens on."""

    def find():
        with socket.create_server(("127.0.0.1", 0)) as server:
            return server.getsockname()[1]

    return find
