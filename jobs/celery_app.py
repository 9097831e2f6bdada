"""The Celery app that API and worker share: which broker, which queue, and that a message is only a doorbell.

The broker loses and doubles messages when processes are killed; the database is the truth (docs/decisions). So nothing
here tries to make delivery reliable: no late acknowledgement, no results, no redelivery.
"""

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from celery import Celery
from kombu import Exchange, Queue

from core.errors import InvalidSetup
from core.settings import Settings, load_settings

# How long a broker may take to accept a connection or to answer, in seconds. A slower one counts as down: whoever
# rings does not wait for it, and the run is found by the reconciler.
BROKER_TIMEOUT_SECONDS = 3.0
# How often the embedded broker's folder is looked at, in seconds.
POLLING_INTERVAL_SECONDS = 0.05
# How long a RabbitMQ connection may be silent before it counts as dead, in seconds.
AMQP_HEARTBEAT_SECONDS = 10

LOG_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"

# These log two lines for every doorbell, which say nothing; the worker logs what it does with runs.
CHATTY_LOGGERS = ("celery.worker.strategy", "celery.app.trace")

REDIS_SCHEMES = ("redis", "rediss")
AMQP_SCHEMES = ("amqp", "amqps")


def create_celery_app(settings: Settings) -> Celery:
    """Make the Celery app for these settings; connects to nothing.

    Raises:
        InvalidSetup: If the broker's URL is of a kind that is not supported.
    """
    for name in CHATTY_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    app = Celery("trainyard", set_as_current=False)
    app.conf.update(
        # Acknowledged before it is worked on: a redelivered doorbell says nothing the database does not know.
        task_acks_late=False,
        worker_prefetch_multiplier=1,
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        result_backend=None,
        task_serializer="json",
        result_serializer="json",
        accept_content=["json"],
        enable_utc=True,
        timezone="UTC",
        task_default_queue=settings.queue_name,
        # Celery's anonymous exchange delivers to the queue of the routing key's name, with nothing to bind.
        task_default_exchange="",
        task_default_routing_key=settings.queue_name,
        task_queues=[Queue(settings.queue_name, Exchange(""), routing_key=settings.queue_name)],
        task_create_missing_queues=False,
        # A doorbell need not outlive its broker.
        task_default_delivery_mode="transient",
        task_publish_retry=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        task_send_sent_event=False,
        broker_connection_timeout=BROKER_TIMEOUT_SECONDS,
        broker_pool_acquire_timeout=BROKER_TIMEOUT_SECONDS,
        broker_connection_retry_on_startup=True,
        # A worker outlives any outage of its broker.
        broker_connection_max_retries=None,
        # Concerns tasks acknowledged late, of which there are none; set so that Celery does not warn about its default.
        worker_cancel_long_running_tasks_on_connection_loss=True,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_log_format=LOG_FORMAT,
        worker_task_log_format=LOG_FORMAT,
        **_broker_settings(settings),
    )
    return app


def _broker_settings(settings: Settings) -> dict[str, Any]:
    """The Celery settings that depend on which broker it is."""
    if settings.is_broker_embedded:
        return _embedded_broker_settings(settings)
    scheme = urlsplit(settings.broker_url).scheme
    if scheme in REDIS_SCHEMES:
        return {
            "broker_url": settings.broker_url,
            # Celery can only do this on Redis, and warns elsewhere: a busy worker leaves doorbells to others.
            "worker_disable_prefetch": True,
            "broker_transport_options": {
                "socket_connect_timeout": BROKER_TIMEOUT_SECONDS,
                "socket_timeout": BROKER_TIMEOUT_SECONDS,
                "max_retries": 0,
            },
        }
    if scheme in AMQP_SCHEMES:
        return {
            "broker_url": settings.broker_url,
            # A worker finds out in time that its broker is frozen. An idle one also looks up only this often
            # (heartbeat over check rate) whether it was told to stop.
            "broker_heartbeat": AMQP_HEARTBEAT_SECONDS,
            "broker_heartbeat_checkrate": AMQP_HEARTBEAT_SECONDS,
            "broker_transport_options": {
                "read_timeout": BROKER_TIMEOUT_SECONDS,
                "write_timeout": BROKER_TIMEOUT_SECONDS,
                # Without it a publish to a frozen broker ends well as soon as the bytes are in a socket's buffer.
                "confirm_publish": True,
                "max_retries": 0,
            },
        }
    raise InvalidSetup(
        f"TRAINYARD_BROKER_URL begins with '{scheme}:', expected redis://, rediss://, amqp:// or amqps://. "
        "Leave it empty to keep doorbells as files in the data directory."
    )


def _embedded_broker_settings(settings: Settings) -> dict[str, Any]:
    messages, taken = settings.broker_dir / "messages", settings.broker_dir / "taken"
    for folder in (messages, taken):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidSetup(
                f"The folder {folder} can not be made ({error.strerror}). "
                "Set TRAINYARD_DATA_DIR to a folder that this user may write to."
            ) from error
    return {
        "broker_url": "filesystem://localhost",
        "broker_transport": "jobs.file_broker:Transport",
        "broker_transport_options": {
            # One folder both ways: what is put in is what is taken out.
            "data_folder_in": str(messages),
            "data_folder_out": str(messages),
            "processed_folder": str(taken),
            "control_folder": str(settings.broker_dir / "control"),
            "polling_interval": POLLING_INTERVAL_SECONDS,
            "max_retries": 0,
        },
    }


if TYPE_CHECKING:
    app: Celery
else:

    def __getattr__(name: str) -> Celery:
        """Make `app` for `celery -A jobs.celery_app` when it is asked for, so that importing this reads no settings."""
        if name != "app":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return create_celery_app(load_settings())
