"""Start-up and shutdown of the service."""

import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.datasets.older_mnist import adopt_older_mnist
from api.live.signals import ends_at_signals
from api.service import Service
from core.errors import StorageRefused, StorageUnavailable, TrainyardError
from core.system.waiting import wait_for
from db import api_keys
from db.upgrade import check_database
from serving.sessions.memory import trim_soon
from storage.opening import check_storage

logger = logging.getLogger(__name__)


@asynccontextmanager
async def check_and_close(app: FastAPI) -> AsyncIterator[None]:
    """Check the database and the keys before the service starts; close all connections at its end.

    Raises:
        InvalidSetup: If the database must be upgraded, or was written by a newer Trainyard; if keys are required and
            there is no admin key; or if onnxruntime lacks an execution provider of the settings.
        DatabaseUnavailable: If it does not answer in time.
        StorageRefused: If the store of artifacts answers that it cannot be used.
    """
    service: Service = app.state.service
    service.execution.check()
    timeout_seconds = service.settings.start_timeout_seconds
    service.models.start()
    try:
        await run_in_threadpool(wait_for, lambda: _check(service), timeout_seconds, logger.warning)
        await run_in_threadpool(_tidy_uploads, service)
        await adopt_older_mnist(service)
        await service.preloading.load()
        service.watch.start()
        await run_in_threadpool(service.measurements.start)
        service.observers.start()
        # What there is now stays: the collector need not look at it again and again, for many milliseconds each time.
        gc.freeze()
        trim_soon()
        with ends_at_signals(service.events):
            yield
    finally:
        gc.unfreeze()
        await service.events.close()
        await run_in_threadpool(service.observers.stop)
        await run_in_threadpool(service.watch.stop)
        await service.models.close()
        await service.shadows.close()
        service.explainers.close()
        service.loader.close()
        await run_in_threadpool(service.run_queue.close)
        service.doorbell.close()
        await service.authenticator.close()
        await service.census_taker.close()
        await run_in_threadpool(service.measurements.stop)
        service.database.dispose()
        if service.tracer is not None:
            await run_in_threadpool(service.tracer.close)


def _check(service: Service) -> None:
    check_database(service.settings.effective_database_url)
    with service.database.reading() as session:
        api_keys.check_admin(session, service.settings)
    try:
        check_storage(service.settings)
    except StorageRefused:
        raise
    except StorageUnavailable as error:
        # Much can be answered without it, and predictions once it is back.
        logger.warning("The service starts without its store. %s", error.detail)


def _tidy_uploads(service: Service) -> None:
    """Remove files of uploads that an API process did not finish. Workers do so too, but rarely."""
    try:
        service.dataset_store.tidy()
    except OSError as error:
        logger.warning("Files of interrupted uploads could not be removed: %s", error)


async def report_start(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Run an app's start-up and shutdown; report a failed start in one line instead of a traceback."""
    held: list[Message] = []

    async def hold_failure(message: Message) -> None:
        if message["type"] == "lifespan.startup.failed":
            held.append(message)
        else:
            await send(message)

    try:
        await app(scope, receive, hold_failure)
    except TrainyardError as error:
        await send({"type": "lifespan.startup.failed", "message": f"Trainyard does not start. {error.detail}"})
        raise
    except BaseException:
        for message in held:
            await send(message)
        raise
