import threading
import time
from contextlib import closing
from selectors import EVENT_READ, DefaultSelector

import pytest

from core.system.selectable_event import SelectableEvent


@pytest.fixture
def event():
    with closing(SelectableEvent()) as event:
        yield event


def is_readable(event, timeout):
    with DefaultSelector() as selector:
        selector.register(event, EVENT_READ)
        return bool(selector.select(timeout))


def test_an_event_is_readable_once_it_is_set(event):
    assert not is_readable(event, 0)
    event.set()
    event.set()
    assert is_readable(event, 0)
    assert event.wait(0)


def test_an_event_that_was_set_before_is_readable(event):
    event.set()
    assert is_readable(event, 0)


def test_setting_it_ends_the_wait_of_another_thread(event):
    event.fileno()
    timer = threading.Timer(0.05, event.set)
    timer.start()
    began = time.monotonic()
    assert is_readable(event, 60)
    assert time.monotonic() - began < 30
    timer.join()


def test_it_can_be_set_when_nobody_waits_any_more(event):
    event.fileno()
    event.close()
    event.set()
    assert event.is_set()
