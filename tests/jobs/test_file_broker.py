import threading
from pathlib import Path
from queue import Empty

import pytest
from celery import Celery
from kombu.exceptions import ChannelError

from core.settings import Settings
from jobs.celery_app import create_celery_app

QUEUE = "trainyard.doorbell"


@pytest.fixture
def app(tmp_path):
    app = create_celery_app(Settings(data_dir=tmp_path))
    yield app
    app.close()


@pytest.fixture
def channel(app):
    with app.connection_for_write() as connection:
        yield connection.default_channel


@pytest.fixture
def messages(tmp_path) -> Path:
    return tmp_path / "broker" / "messages"


def test_messages_are_taken_in_the_order_they_were_put(channel):
    for number in range(20):
        channel._put(QUEUE, {"number": number})
    assert [channel._get(QUEUE)["number"] for _ in range(20)] == list(range(20))


def test_queue_with_the_same_prefix_is_left_alone(channel):
    channel._put(f"{QUEUE}.other", {"number": 1})
    channel._put("other", {"number": 2})
    with pytest.raises(Empty):
        channel._get(QUEUE)
    assert channel._get(f"{QUEUE}.other") == {"number": 1}


def test_message_being_written_is_not_seen(channel, monkeypatch):
    seen_by_a_consumer = []
    write = Path.write_text

    def look_while_writing(path: Path, *args, **kwargs) -> int:
        write(path, "", encoding="utf-8")
        with pytest.raises(Empty):
            channel._get(QUEUE)
        seen_by_a_consumer.append(path)
        return write(path, *args, **kwargs)

    monkeypatch.setattr(Path, "write_text", look_while_writing)
    channel._put(QUEUE, {"number": 1})
    assert len(seen_by_a_consumer) == 1
    assert channel._get(QUEUE) == {"number": 1}


def test_unreadable_message_is_dropped_and_the_next_one_taken(channel, messages):
    (messages / f"0-first.{QUEUE}.msg").write_bytes(b"\xff{torn")
    (messages / f"1-second.{QUEUE}.msg").write_text("")
    channel._put(QUEUE, {"number": 1})
    assert channel._get(QUEUE) == {"number": 1}
    with pytest.raises(Empty):
        channel._get(QUEUE)


def test_taken_messages_leave_no_files(channel, tmp_path):
    channel._put(QUEUE, {"number": 1})
    channel._get(QUEUE)
    assert [path for path in (tmp_path / "broker").rglob("*") if path.is_file()] == []


def test_full_disk_is_a_channel_error_and_puts_no_message(channel, monkeypatch):
    def reject(path: Path, *_args, **_kwargs) -> int:
        path.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", reject)
    with pytest.raises(ChannelError, match="No space left on device"):
        channel._put(QUEUE, {"number": 1})
    with pytest.raises(Empty):
        channel._get(QUEUE)


def put_numbers(app: Celery, first: int, count: int) -> None:
    with app.connection_for_write() as connection:
        for number in range(first, first + count):
            connection.default_channel._put(QUEUE, {"number": number})


def take_numbers(app: Celery, wanted: int, taken: list[int]) -> None:
    with app.connection_for_read() as connection:
        while len(taken) < wanted:
            try:
                taken.append(connection.default_channel._get(QUEUE)["number"])
            except Empty:
                continue


def test_several_publishers_and_consumers_lose_and_duplicate_nothing(app):
    taken: list[int] = []
    threads = [threading.Thread(target=put_numbers, args=(app, first, 200)) for first in (0, 200)]
    threads += [threading.Thread(target=take_numbers, args=(app, 400, taken), daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sorted(taken) == list(range(400))


def test_a_folder_that_cannot_be_read_is_an_empty_queue_until_it_can(channel, messages, caplog):
    channel._put(QUEUE, {"number": 1})
    away = messages.rename(messages.with_name("away"))
    # A file in place of the folder makes every access fail, for root too.
    messages.touch()
    for _ in range(2):
        with pytest.raises(Empty):
            channel._get(QUEUE)

    messages.unlink()
    away.rename(messages)

    assert channel._get(QUEUE) == {"number": 1}
    assert [record.message for record in caplog.records] == [
        f"No doorbells: {messages}: Not a directory.",
        "Doorbells can be read again.",
    ]
