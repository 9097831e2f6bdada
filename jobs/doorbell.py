"""The doorbell: a message that says there is work, and nothing more."""

from typing import Any

from amqp.exceptions import AMQPError, MessageNacked
from celery import Celery
from kombu.exceptions import KombuError

from core.errors import BrokerUnavailable
from jobs.celery_app import BROKER_TIMEOUT_SECONDS

DOORBELL_TASK = "trainyard.answer_doorbell"

# What kombu raises for a broker that is down, slow, full or refuses the login.
BROKER_ERRORS = (KombuError, AMQPError, MessageNacked, OSError)


def ring_doorbell(app: Celery) -> None:
    """Tell one worker that a run is waiting. Ring after the transaction that queued it has been committed.

    It is tried once. A doorbell that is lost, comes twice or comes late does no harm: the worker claims whatever
    the database says is queued, and the reconciler rings again for runs that stay unclaimed.

    Raises:
        BrokerUnavailable: If the broker does not take the message, a few seconds later at most.
    """
    try:
        with app.producer_or_acquire() as producer:
            _publish(app, producer)
    except BROKER_ERRORS as error:
        raise BrokerUnavailable(
            f"The message broker does not take messages ({error}). The run stays queued; "
            "a worker will find it when the broker is back or at its next look."
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
        # The pool would close the failed connection politely, and wait for a frozen broker's answer twice more.
        producer.connection.collect()
        raise
