"""The thread that sends messages to webhooks."""

import asyncio
import logging
import random
import threading
from collections.abc import Awaitable, Callable

from core.errors import DatabaseUnavailable
from core.settings import Settings
from core.webhooks import AllowedHosts
from db import webhooks
from db.session import Database
from db.webhooks import DueDelivery
from worker.webhook_requests import NotDelivered, deliver

logger = logging.getLogger("trainyard.worker")

NUM_AT_ONCE = 8
"""Messages that are sent together, so that one slow receiver does not delay all others."""

LEASE_SECONDS = 120.0
"""Well above the time that a message may take."""

RETRY_SECONDS = (5.0, 60.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
"""Pauses before a message is sent again, about three days together; after the last it has failed."""

JITTER = 0.2
"""Pauses are up to so much shorter or longer, so that messages which failed together do not come back together."""

DISABLE_SECONDS = 5 * 24 * 3600.0
"""Time without any success after which nothing is sent to a webhook any more."""

GONE = 410
"""Status by which a receiver says that it wants no messages any more, as Standard Webhooks has it."""

Deliver = Callable[[DueDelivery, AllowedHosts], Awaitable[int]]


class WebhookSender:
    """Sends the messages that are due, whichever worker's runs they are about.

    Args:
        settings: Allowed hosts, and the interval of looking.
        database: Database of the webhooks.
        deliver: Sends one message; tests pass another.
    """

    def __init__(self, settings: Settings, database: Database, deliver: Deliver = deliver) -> None:
        self._allowed = settings.allowed_webhook_hosts
        self._look_seconds = settings.idle_look_seconds
        self._database = database
        self._deliver = deliver
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        """Begin to look for messages."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait until the messages under way have been sent."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def send_due(self) -> int:
        """Send what is due until nothing is; return the number of messages.

        Raises:
            DatabaseUnavailable: If the database does not answer.
        """
        num_sent = 0
        while not self._stopping.is_set():
            leased = self._lease()
            if not leased:
                break
            asyncio.run(self._send_all(leased))
            num_sent += len(leased)
        return num_sent

    def _run(self) -> None:
        while not self._stopping.wait(self._look_seconds):
            try:
                self.send_due()
            except DatabaseUnavailable as error:
                logger.warning("Webhooks wait: %s", error.detail)
            except Exception:
                # If this thread ended, no message would be sent from here any more; its next turn may succeed.
                logger.exception("Webhooks met an unexpected error; what was not sent is sent again.")

    def _lease(self) -> list[DueDelivery]:
        # Looking writes nothing, and so disturbs nobody on SQLite.
        with self._database.reading() as session:
            if not webhooks.is_any_due(session):
                return []
        with self._database.transaction() as session:
            leased = (webhooks.lease_due(session, LEASE_SECONDS) for _ in range(NUM_AT_ONCE))
            return [due for due in leased if due is not None]

    async def _send_all(self, leased: list[DueDelivery]) -> None:
        outcomes = await asyncio.gather(*map(self._send, leased))
        with self._database.transaction() as session:
            for due, outcome in zip(leased, outcomes, strict=True):
                if isinstance(outcome, int):
                    webhooks.settle(session, due, outcome)
                    continue
                is_gone = outcome.status == GONE
                webhooks.postpone(
                    session,
                    due,
                    outcome.detail,
                    status=outcome.status,
                    again_seconds=None if is_gone else pause_after(due.num_tries),
                    disable_seconds=0.0 if is_gone else DISABLE_SECONDS,
                )

    async def _send(self, due: DueDelivery) -> int | NotDelivered:
        try:
            status = await self._deliver(due, self._allowed)
        except NotDelivered as error:
            logger.warning("Run %s: webhook %s was not told: %s", due.run_id, due.webhook_id, error.detail)
            return error
        except Exception as error:
            logger.exception("Run %s: webhook %s was not told.", due.run_id, due.webhook_id)
            return NotDelivered(f"Unexpected error: {type(error).__name__}.")
        logger.info("Run %s: webhook %s was told.", due.run_id, due.webhook_id)
        return status


def pause_after(num_tries: int) -> float | None:
    """Return the pause after a number of failed tries; None after the last."""
    if num_tries > len(RETRY_SECONDS):
        return None
    # Not a secret.
    return RETRY_SECONDS[num_tries - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
