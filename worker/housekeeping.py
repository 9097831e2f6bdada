"""Removal of expired data: old idempotency keys, unreferenced files, scratch folders of ended attempts."""

import logging
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from core.artifacts import ArtifactStore
from core.settings import Settings
from db import artifacts, batch_predictions, idempotency, registry_changes, run_changes, stored_datasets, webhooks
from db.session import Database
from db.stored_files import KEPT_SECONDS
from db.sweeping import sweep
from storage.opening import open_storage

logger = logging.getLogger("trainyard.worker")

HASHES_A_QUERY = 1000
SWEEP_SECONDS = 600.0
"""Longest time of a sweep by the retention policy; the next one goes on."""


def tidy(settings: Settings, database: Database) -> None:
    """Delete keys and unreferenced files older than a day. May run in many workers at once."""
    with database.transaction() as session:
        idempotency.delete_old(session, older_than_seconds=KEPT_SECONDS)
        registry_changes.prune(session)
        run_changes.prune(session)
        webhooks.delete_old(session)
    storage = open_storage(settings)
    if settings.retention.deletes_any:
        sweep(database, storage.artifacts, settings.retention, max_seconds=SWEEP_SECONDS)
    num_deleted = _delete_orphans(database, storage.artifacts)
    num_deleted += stored_datasets.tidy(database, storage.datasets, older_than_seconds=KEPT_SECONDS)
    # The folder of an attempt is created when it begins, and no attempt outlasts the time limit of runs.
    for path in _older_than(KEPT_SECONDS + settings.run_timeout_seconds, settings.scratch_dir.glob("*")):
        shutil.rmtree(path, ignore_errors=True)
    num_deleted += remove_parts(settings, database)
    prune(settings.cache_dir, settings.max_cache_bytes)
    if num_deleted:
        logger.info("Deleted %d files and datasets that nothing refers to.", num_deleted)


def _delete_orphans(database: Database, store: ArtifactStore) -> int:
    """Delete old files that nothing refers to; return their number."""
    store.remove_unfinished(older_than_seconds=KEPT_SECONDS)
    oldest = store.now() - timedelta(seconds=KEPT_SECONDS)
    old = [file.name for file in store.list_files() if file.stored_at < oldest]
    num_deleted = 0
    for start in range(0, len(old), HASHES_A_QUERY):
        with database.reading() as session:
            orphans = artifacts.unreferenced(session, old[start : start + HASHES_A_QUERY])
        num_deleted += sum(_delete_orphan(database, store, sha256, oldest) for sha256 in orphans)
    return num_deleted


def _delete_orphan(database: Database, store: ArtifactStore, sha256: str, oldest: datetime) -> bool:
    """Delete an old file that nothing refers to, unless the same bytes have been stored again meanwhile."""
    with database.transaction() as session:
        artifacts.lock_files(session, [sha256])
        if not artifacts.unreferenced(session, [sha256]):
            return False
        found = store.find(sha256)
        if found is None or found.stored_at >= oldest:
            return False
        store.delete(sha256)
    return True


def remove_parts(settings: Settings, database: Database) -> int:
    """Remove the parts of batch predictions that have ended or were deleted; return the number of folders."""
    folders = {}
    for path in _older_than(KEPT_SECONDS, settings.batch_predictions_dir.glob("*")):
        with suppress(ValueError):
            folders[UUID(path.name)] = path
    with database.reading() as session:
        kept = batch_predictions.list_unended(session, folders)
    for batch_id, path in folders.items():
        if batch_id not in kept:
            shutil.rmtree(path, ignore_errors=True)
    return len(folders.keys() - kept)


def prune(cache_dir: Path, max_bytes: int) -> None:
    """Delete the oldest files until the rest takes at most `max_bytes`."""
    files = []
    for path in cache_dir.rglob("*"):
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        if path.is_file():
            files.append((status.st_mtime, status.st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= max_bytes:
            return
        path.unlink(missing_ok=True)
        total -= size


def _older_than(seconds: float, paths: Iterable[Path]) -> list[Path]:
    oldest = time.time() - seconds
    return [path for path in paths if _modified_at(path) < oldest]


def _modified_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        # Another worker has deleted it meanwhile.
        return time.time()
