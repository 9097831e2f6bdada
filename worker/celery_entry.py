"""Celery app of the worker with its task and life cycle: `celery -A worker.celery_entry worker -P threads`."""

import logging
import sys
from typing import Any

from celery.signals import worker_init, worker_ready, worker_shutdown, worker_shutting_down

from core.errors import TrainyardError
from core.settings import load_settings
from core.system.waiting import wait_for
from db.upgrade import check_database
from jobs.celery_app import create_celery_app
from jobs.doorbell import DOORBELL_TASK
from storage.opening import check_storage
from worker.runtime import Runtime

logger = logging.getLogger("trainyard.worker")

settings = load_settings()
app = create_celery_app(settings)
runtime = Runtime(settings, app)
# One thread supervises one run to its end.
app.conf.worker_concurrency = runtime.num_trainers


@app.task(name=DOORBELL_TASK)
def answer_doorbell() -> None:
    """Work on what is queued, on this worker, until nothing is left."""
    runtime.answer_doorbell()


@worker_init.connect
def _check(**_: Any) -> None:
    def check() -> None:
        check_database(settings.effective_database_url)
        check_storage(settings)

    try:
        wait_for(check, settings.start_timeout_seconds, logger.warning)
    except TrainyardError as error:
        sys.exit(f"trainyard worker: {error.detail}")


@worker_ready.connect
def _start(**_: Any) -> None:
    runtime.start()


@worker_shutting_down.connect
def _drain(**_: Any) -> None:
    runtime.drain()


@worker_shutdown.connect
def _stop(**_: Any) -> None:
    runtime.stop()
