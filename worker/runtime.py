"""Composition of a worker process, and its life cycle from start to drain."""

import logging
import threading

from celery import Celery

from core.errors import BrokerUnavailable, DatabaseUnavailable
from core.settings import Settings
from db.session import Database
from jobs.doorbell import ring_doorbell
from tracing.opening import open_tracer
from worker.batch_supervisor import BatchSupervisor
from worker.presence import Presence
from worker.reconciler import Reconciler
from worker.supervisor import Supervisor
from worker.trainer_environments import trainer_environments
from worker.trainer_pool import TrainerPool
from worker.webhook_sender import WebhookSender

logger = logging.getLogger("trainyard.worker")


class Runtime:
    """Trainers, supervisors, reconciler and presence of this worker."""

    def __init__(self, settings: Settings, app: Celery) -> None:
        self._app = app
        self._database = Database(settings.effective_database_url)
        self._pool = TrainerPool(settings, trainer_environments(settings))
        self._presence = Presence(self._database, lambda: self._pool.health)
        self._tracer = open_tracer(settings, "trainyard-worker")
        self.supervisor = Supervisor(settings, self._database, self._pool, self._tracer)
        self._batch_supervisor = BatchSupervisor(settings, self._database)
        self._webhook_sender = WebhookSender(settings, self._database)
        self._reconciler = Reconciler(
            settings, self._database, self._answer_here, is_idle=lambda: self.supervisor.has_idle_trainer
        )
        self._answering: list[threading.Thread] = []

    @property
    def num_trainers(self) -> int:
        """Return the number of runs trained at once."""
        return self._pool.num_slots

    def start(self) -> None:
        """Start the trainers, and ring for runs that were queued while no worker was running."""
        self._pool.open(on_change=self._presence.report_soon)
        self._presence.start()
        self._reconciler.start()
        self._batch_supervisor.start()
        self._webhook_sender.start()
        try:
            ring_doorbell(self._app)
        except BrokerUnavailable as error:
            logger.warning("%s Runs wait until it is back.", error.detail)

    def answer_doorbell(self) -> None:
        """Answer queued batch predictions in a thread of their own, and train queued runs until none is left."""
        self._batch_supervisor.ring()
        try:
            self.supervisor.answer_doorbell()
        except DatabaseUnavailable as error:
            # The run is still queued; the reconciler looks again when the database is back.
            logger.warning("%s The doorbell goes unanswered for now.", error.detail)

    def drain(self) -> None:
        """Stop claiming and release running runs; return at once."""
        self.supervisor.drain()
        self._batch_supervisor.drain()
        self._presence.leave()

    def stop(self) -> None:
        """End trainers and threads, once the last run has been released."""
        self._batch_supervisor.stop()
        self._reconciler.stop()
        for thread in self._answering:
            # As Celery does with doorbells that it brought: the runs of this worker are released by now, or soon.
            thread.join()
        self._webhook_sender.stop()
        self._pool.close()
        self._presence.stop()
        self._database.dispose()
        if self._tracer is not None:
            self._tracer.close()

    def _answer_here(self) -> None:
        """Answer as if the doorbell had rung, in a thread of its own: the broker may be away. Returns at once."""
        self._answering = [thread for thread in self._answering if thread.is_alive()]
        thread = threading.Thread(target=self.answer_doorbell, name="overlooked", daemon=True)
        self._answering.append(thread)
        thread.start()
