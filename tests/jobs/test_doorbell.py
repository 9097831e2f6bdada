import time

from celery import Celery

from jobs.doorbell import DOORBELL_TASK, ring_doorbell

# Long enough that only a lost message reaches it.
PATIENCE_SECONDS = 30


def take_messages(app: Celery, count: int) -> list[tuple[dict, list]]:
    """Return headers and body of the next messages in the queue, which must then be empty."""
    taken = []
    with app.connection_for_read() as connection:
        queue = app.amqp.queues[app.conf.task_default_queue](connection.default_channel)
        queue.declare()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(taken) < count and time.monotonic() < deadline:
            message = queue.get(no_ack=True, accept=["json"])
            if message is None:
                time.sleep(0.01)
            else:
                taken.append((message.headers, message.payload))
        assert queue.get(no_ack=True) is None
    return taken


def test_each_ring_is_one_message(app):
    for _ in range(3):
        ring_doorbell(app)
    assert len(take_messages(app, 3)) == 3


def test_message_carries_nothing_but_the_name_of_the_task(app):
    ring_doorbell(app)
    ((headers, (args, kwargs, _)),) = take_messages(app, 1)
    assert headers["task"] == DOORBELL_TASK == "trainyard.answer_doorbell"
    assert args == []
    assert kwargs == {}


def test_rings_before_any_worker_has_started_are_kept(app):
    ring_doorbell(app)
    app.close()
    assert len(take_messages(app, 1)) == 1
