"""The Celery task behind the doorbell."""

import logging

from celery import Celery

from core.errors import DatabaseUnavailable
from jobs.doorbell import DOORBELL_TASK
from worker.runtime import Runtime

logger = logging.getLogger("trainyard.worker")


def register_tasks(app: Celery, runtime: Runtime) -> None:
    """Give the app the task that answers doorbells with this worker's supervisor."""

    @app.task(name=DOORBELL_TASK)
    def answer_doorbell() -> None:
        try:
            runtime.supervisor.answer_doorbell()
        except DatabaseUnavailable as error:
            # The run is still queued; the reconciler rings again when the database is back.
            logger.warning("%s The doorbell goes unanswered for now.", error.detail)
