import os
import socket

import pytest

from core.errors import InvalidSetup
from launch.preflight import check_data_dir, choose_port


def test_data_directory_is_made_with_its_parents_and_left_empty(tmp_path):
    check_data_dir(tmp_path / "some" / "where")
    assert list((tmp_path / "some" / "where").iterdir()) == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_free_port_is_kept_and_may_be_listened_on(host):
    port = choose_port(host, 0)
    assert choose_port(host, port) == port


def test_port_of_connections_still_closing_counts_as_free():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        accepted, _ = server.accept()
        # Whoever closes first keeps the port in TIME_WAIT.
        accepted.close()
        client.close()
    assert choose_port("127.0.0.1", port) == port


def test_host_without_an_address_is_refused_naming_the_setting():
    with pytest.raises(InvalidSetup, match="TRAINYARD_HOST"):
        choose_port("no.such.host.invalid", 8000)


@pytest.mark.parametrize("host", ["127.0.0.1", ""])
def test_port_that_someone_listens_on_is_refused(host):
    with socket.create_server((host, 0)) as server, pytest.raises(InvalidSetup, match="already in use"):
        choose_port("127.0.0.1", server.getsockname()[1])


def test_full_disk_is_refused(tmp_path, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(InvalidSetup, match="No space left on device"):
        check_data_dir(tmp_path)
