import multiprocessing
import os
import subprocess
import sys
import threading

import pytest

from api.monitoring.exchange import Exchange
from core.system.process_group import EXCHANGE_DIR, PROCESS_NUMBER

NUM_PROCESSES = 4
NUM_ADDED = 50


@pytest.fixture
def ended_pid():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def publish_as(monkeypatch, pid, exchange, name, content):
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: pid)
        exchange.publish(name, content)


def test_others_read_what_was_published_last(tmp_path):
    first, second = Exchange(tmp_path, 0), Exchange(tmp_path, 1)
    first.publish("counts", {"a": 1})
    first.publish("counts", {"a": 2})
    (contribution,) = second.read_others("counts")
    assert (contribution.number, contribution.content, contribution.is_running) == (0, {"a": 2}, True)


def test_others_are_in_order_of_their_numbers_without_oneself(tmp_path):
    for number in (10, 2, 1):
        Exchange(tmp_path, number).publish("counts", number)
    assert [each.content for each in Exchange(tmp_path, 2).read_others("counts")] == [1, 10]


def test_names_are_kept_apart(tmp_path):
    Exchange(tmp_path, 0).publish("counts", 1)
    Exchange(tmp_path, 0).publish("counts_of_rows", 2)
    assert [each.content for each in Exchange(tmp_path, 1).read_others("counts")] == [1]


def test_nothing_was_published_yet(tmp_path):
    assert Exchange(tmp_path, 0).read_others("counts") == []
    assert Exchange(tmp_path, 0).read_left("counts") is None


def test_what_an_ended_process_published_is_there_and_marked(tmp_path, monkeypatch, ended_pid):
    publish_as(monkeypatch, ended_pid, Exchange(tmp_path, 0), "counts", 7)
    (contribution,) = Exchange(tmp_path, 1).read_others("counts")
    assert (contribution.content, contribution.is_running) == (7, False)


def test_a_process_reads_what_the_one_before_it_left_until_it_publishes_itself(tmp_path, monkeypatch, ended_pid):
    replacement = Exchange(tmp_path, 0)
    publish_as(monkeypatch, ended_pid, Exchange(tmp_path, 0), "counts", 7)
    assert replacement.read_left("counts") == 7
    replacement.publish("counts", 8)
    assert replacement.read_left("counts") is None


def test_a_single_process_writes_nothing_and_has_no_others(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    alone = Exchange.from_environment({})
    alone.publish("counts", 1)
    with alone.exclusive("counts") as state:
        state.content = 1
    assert not alone.is_shared
    assert alone.read_others("counts") == []
    assert alone.read_left("counts") is None
    assert list(tmp_path.iterdir()) == []


def test_folder_and_number_come_from_the_environment(tmp_path):
    exchange = Exchange.from_environment({EXCHANGE_DIR: str(tmp_path), PROCESS_NUMBER: "3"})
    assert (exchange.is_shared, exchange.number) == (True, 3)


@pytest.mark.parametrize("is_shared", [True, False])
def test_a_state_is_kept_between_blocks(tmp_path, is_shared):
    folder = tmp_path if is_shared else None
    exchange = Exchange(folder, 0)
    with exchange.exclusive("totals") as state:
        assert state.content is None
        state.content = {"runs": 1}
    reader = Exchange(folder, 1) if is_shared else exchange
    with reader.exclusive("totals") as state:
        assert state.content == {"runs": 1}


@pytest.mark.parametrize("is_shared", [True, False])
def test_an_error_leaves_a_state_as_it_was(tmp_path, is_shared):
    exchange = Exchange(tmp_path if is_shared else None, 0)
    with exchange.exclusive("totals") as state:
        state.content = 1

    def fail():
        with exchange.exclusive("totals") as state:
            state.content = 2
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with exchange.exclusive("totals") as state:
        assert state.content == 1


def add_often(folder, number):
    exchange = Exchange(folder, number)
    for _ in range(NUM_ADDED):
        with exchange.exclusive("totals") as state:
            state.content = (state.content or 0) + 1


def test_processes_that_change_a_state_together_lose_no_change(tmp_path):
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=add_often, args=(tmp_path, number)) for number in range(NUM_PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    with Exchange(tmp_path, 0).exclusive("totals") as state:
        assert state.content == NUM_PROCESSES * NUM_ADDED


def test_a_reader_never_sees_half_of_what_is_written(tmp_path):
    writer, reader = Exchange(tmp_path, 0), Exchange(tmp_path, 1)
    writer.publish("counts", [0] * 10_000)
    is_done = threading.Event()

    def write():
        for number in range(100):
            writer.publish("counts", [number] * 10_000)
        is_done.set()

    thread = threading.Thread(target=write)
    thread.start()
    num_read = 0
    while not is_done.is_set() or not num_read:
        (contribution,) = reader.read_others("counts")
        assert len(contribution.content) == 10_000
        assert len(set(contribution.content)) == 1
        num_read += 1
    thread.join()


def test_a_full_disk_is_logged_once_and_leaves_the_old_content(tmp_path, caplog):
    exchange = Exchange(tmp_path / "gone", 0)
    exchange.publish("counts", 1)
    exchange.publish("counts", 2)
    assert caplog.text.count("cannot be written") == 1
    (tmp_path / "gone").mkdir()
    exchange.publish("counts", 3)
    assert [each.content for each in Exchange(tmp_path / "gone", 1).read_others("counts")] == [3]
