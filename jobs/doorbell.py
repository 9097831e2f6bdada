"""The doorbell: a message without content that says there is work."""

from typing import Any

from amqp.exceptions import AMQPError, MessageNacked
from celery import Celery
from kombu.exceptions import KombuError

from core.errors import BrokerUnavailable
from jobs.celery_app import BROKER_TIMEOUT_SECONDS

DOORBELL_TASK = "trainyard.answer_doorbell"

# Errors that kombu raises if a broker is down, slow, full or rejects the login.
BROKER_ERRORS = (KombuError, AMQPError, MessageNacked, OSError)


def ring_doorbell(app: Celery) -> None:
    """Notify one worker that a run is queued. Call after the transaction that queued it has been committed.

    There is one attempt. A lost, duplicate or late doorbell does no harm: the worker claims whatever is queued in the
    database, and idle workers look for runs that stay unclaimed.

    Raises:
        BrokerUnavailable: If the broker does not accept the message within a few seconds.
    """
    try:
        with app.producer_or_acquire() as producer:
            _publish(app, producer)
    except BROKER_ERRORS as error:
        raise BrokerUnavailable(
            f"The message broker does not accept messages ({error}). The run stays queued; "
            "an idle worker will find it in the database."
        ) from error


def _publish(app: Celery, producer: Any) -> None:
    try:
        app.send_task(
            DOORBELL_TASK,
            producer=producer,
            ignore_result=True,
            retry=False,
            timeout=BROKER_TIMEOUT_SECONDS,
            confirm_timeout=BROKER_TIMEOUT_SECONDS,
        )
    except BROKER_ERRORS:
        # The pool would close the failed connection cleanly, and wait for a frozen broker's response twice more.
        producer.connection.collect()
        raise
