"""Celery app shared by API and worker: broker, queue, and settings for messages that are only doorbells.

The broker loses and duplicates messages when processes are killed; the database is the source of truth
(docs/decisions). So delivery need not be reliable: no late acknowledgement, no results, no redelivery.
"""

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from celery import Celery
from kombu import Exchange, Queue

from core.errors import InvalidSetup
from core.settings import Settings, load_settings

# Timeout for a broker to accept a connection or to respond, in seconds. A slower one counts as down: the caller does
# not wait for it, and the reconciler finds the run.
BROKER_TIMEOUT_SECONDS = 3.0
# Interval of polling the embedded broker's folder, in seconds.
POLLING_INTERVAL_SECONDS = 0.05
# Time after which a silent RabbitMQ connection counts as dead, in seconds.
AMQP_HEARTBEAT_SECONDS = 10

LOG_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"

# These log two uninformative lines for every doorbell; the worker logs what it does with runs.
CHATTY_LOGGERS = ("celery.worker.strategy", "celery.app.trace")

REDIS_SCHEMES = ("redis", "rediss")
AMQP_SCHEMES = ("amqp", "amqps")


def create_celery_app(settings: Settings) -> Celery:
    """Create the Celery app for these settings, without connecting to the broker.

    Raises:
        InvalidSetup: If the scheme of the broker's URL is not supported.
    """
    for name in CHATTY_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    app = Celery("trainyard", set_as_current=False)
    app.conf.update(
        # Acknowledged before it is processed: a redelivered doorbell adds nothing to the database.
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
        # A doorbell need not survive a restart of its broker.
        task_default_delivery_mode="transient",
        task_publish_retry=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        task_send_sent_event=False,
        broker_connection_timeout=BROKER_TIMEOUT_SECONDS,
        broker_pool_acquire_timeout=BROKER_TIMEOUT_SECONDS,
        broker_connection_retry_on_startup=True,
        # A worker survives any outage of its broker.
        broker_connection_max_retries=None,
        # Concerns late acknowledgement only, which is off; set to silence Celery's warning about its default.
        worker_cancel_long_running_tasks_on_connection_loss=True,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_log_format=LOG_FORMAT,
        worker_task_log_format=LOG_FORMAT,
        **_broker_settings(settings),
    )
    return app


def _broker_settings(settings: Settings) -> dict[str, Any]:
    """Return the Celery settings that depend on the broker."""
    if settings.is_broker_embedded:
        return _embedded_broker_settings(settings)
    scheme = urlsplit(settings.broker_url).scheme
    if scheme in REDIS_SCHEMES:
        return {
            "broker_url": settings.broker_url,
            # A busy worker leaves doorbells to others. Celery supports this on Redis only, and warns elsewhere.
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
            # A worker detects a frozen broker in time. An idle one also checks for shutdown only this often
            # (heartbeat over check rate).
            "broker_heartbeat": AMQP_HEARTBEAT_SECONDS,
            "broker_heartbeat_checkrate": AMQP_HEARTBEAT_SECONDS,
            "broker_transport_options": {
                "read_timeout": BROKER_TIMEOUT_SECONDS,
                "write_timeout": BROKER_TIMEOUT_SECONDS,
                # Without it, publishing to a frozen broker succeeds once the bytes are in a socket's buffer.
                "confirm_publish": True,
                "max_retries": 0,
            },
        }
    raise InvalidSetup(
        f"TRAINYARD_BROKER_URL begins with '{scheme}:'. Expected redis://, rediss://, amqp:// or amqps://. "
        "Leave it empty to keep doorbells as files in the data directory."
    )


def _embedded_broker_settings(settings: Settings) -> dict[str, Any]:
    messages, taken = settings.broker_dir / "messages", settings.broker_dir / "taken"
    for folder in (messages, taken):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidSetup(
                f"The folder {folder} cannot be created ({error.strerror}). "
                "Set TRAINYARD_DATA_DIR to a folder that this user may write to."
            ) from error
    return {
        "broker_url": "filesystem://localhost",
        "broker_transport": "jobs.file_broker:Transport",
        "broker_transport_options": {
            # The same folder for both directions.
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
        """Create `app` for `celery -A jobs.celery_app` on access, so that importing this module reads no settings."""
        if name != "app":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return create_celery_app(load_settings())
