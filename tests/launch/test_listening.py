import errno
import socket
from collections import Counter

import pytest

from launch.listening import Listeners

NUM_CONNECTIONS = 200


@pytest.fixture(params=[True, False], ids=["a socket each", "one socket"])
def is_balanced(request):
    return request.param


@pytest.fixture
def make_listeners(free_port, is_balanced):
    made = []

    def make(host="127.0.0.1", **options):
        made.append(Listeners(host, free_port, is_balanced=is_balanced, **options))
        return made[-1]

    yield make
    for listeners in made:
        listeners.close()


def connect(port, host="127.0.0.1"):
    return socket.create_connection((host, port), timeout=5)


def accept(listener):
    """Accept what waits at a socket; return how many connections."""
    listener.setblocking(False)
    num_accepted = 0
    while True:
        try:
            connection, _ = listener.accept()
        except BlockingIOError:
            return num_accepted
        connection.close()
        num_accepted += 1


def test_nobody_answers_before_a_process_listens(make_listeners, free_port):
    listeners = make_listeners()
    with listeners.open(), pytest.raises(ConnectionRefusedError):
        connect(free_port)


def test_every_connection_reaches_one_of_the_processes(make_listeners, free_port, is_balanced):
    listeners = make_listeners()
    accepted = Counter()
    with listeners.open() as first, listeners.open() as second:
        for each in (first, second):
            each.listen(NUM_CONNECTIONS)
        connections = [connect(free_port) for _ in range(NUM_CONNECTIONS)]
        for each in (first, second):
            accepted[each] += accept(each)
        for connection in connections:
            connection.close()
    assert accepted.total() == NUM_CONNECTIONS
    if is_balanced:
        # Of 200 fair coins, fewer than 50 heads have a probability of 10^-13.
        assert min(accepted[first], accepted[second]) > 50


def test_a_process_that_dies_is_sent_no_connections(make_listeners, free_port):
    listeners = make_listeners()
    with listeners.open() as second:
        with listeners.open() as first:
            for each in (first, second):
                each.listen(NUM_CONNECTIONS)
        connections = [connect(free_port) for _ in range(20)]
        assert accept(second) == 20
        for connection in connections:
            connection.close()


def test_a_port_where_another_service_listens_is_rejected(make_listeners, free_port, is_balanced):
    """With SO_REUSEPORT alone, both services would get some of the connections."""
    other = Listeners("127.0.0.1", free_port, is_balanced=is_balanced)
    with other.open() as listener:
        listener.listen()
        with pytest.raises(OSError, match="in use") as raised:
            make_listeners()
    other.close()
    assert raised.value.errno == errno.EADDRINUSE


def test_an_address_of_another_machine_is_rejected(make_listeners):
    with pytest.raises(OSError, match="assign") as raised:
        make_listeners("192.0.2.1")
    assert raised.value.errno == errno.EADDRNOTAVAIL


def test_addresses_of_ipv6_are_of_ipv6_alone(make_listeners, free_port):
    listeners = make_listeners("::1")
    with listeners.open() as listener:
        listener.listen()
        connect(free_port, "::1").close()
        assert listener.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1
        with pytest.raises(ConnectionRefusedError):
            connect(free_port)


def test_sockets_are_passed_to_processes(make_listeners):
    with make_listeners().open() as listener:
        assert listener.get_inheritable()
