"""A sweep by the retention policy: rows in short transactions, each with its files, then the space in the database."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

from core.artifacts import ArtifactStore
from core.retention import RetentionPolicy
from db import retention, space, stored_files
from db.retention import BATCH_RUNS, DeletedBatch
from db.session import Database

logger = logging.getLogger(__name__)

LOOK_RUNS = 20_000
"""Runs that one look finds; it ranks all ended runs, which takes a while."""


@dataclass(frozen=True, slots=True)
class SweepResult:
    """What a sweep has done.

    Attributes:
        num_files: Files removed. One that a running job may have stored too is left to the workers' housekeeping.
        freed_bytes: Bytes of the files removed.
        is_complete: False if the time was over before the policy was satisfied.
    """

    num_runs: int
    num_files: int
    freed_bytes: int
    is_complete: bool


def sweep(
    database: Database,
    store: ArtifactStore,
    policy: RetentionPolicy,
    *,
    max_seconds: float,
    after: Callable[[DeletedBatch], None] = lambda _: None,
) -> SweepResult:
    """Delete runs by a policy, until there are no more to delete or the time is over.

    Any number of sweeps may go on at once, and any may be ended in the middle.

    Args:
        database: Database of the runs.
        store: Store of their files.
        policy: Which runs to delete.
        max_seconds: Time after which no further batch begins.
        after: Called after each transaction that has deleted runs.
    """
    deadline = time.monotonic() + max_seconds
    num_runs = num_files = freed_bytes = 0
    is_complete = True
    with database.transaction() as session:
        retention.begin_sweep(session)
    for ids in _batches(database, policy):
        if time.monotonic() >= deadline:
            is_complete = False
            break
        with database.transaction() as session:
            batch = retention.delete_some(session, policy, ids)
        removed = stored_files.remove_files(database, store, sorted(batch.files))
        after(batch)
        num_bytes = sum(batch.files[sha256] for sha256 in removed)
        with database.transaction() as session:
            retention.note_batch(session, num_runs=len(batch.ids), num_files=len(removed), freed_bytes=num_bytes)
        num_runs += len(batch.ids)
        num_files += len(removed)
        freed_bytes += num_bytes
    space.release(database, max_seconds=max(deadline - time.monotonic(), 1.0))
    with database.transaction() as session:
        retention.end_sweep(session)
    if num_runs:
        logger.info("The retention policy deleted %d runs; %d bytes of files are free.", num_runs, freed_bytes)
    return SweepResult(num_runs, num_files, freed_bytes, is_complete)


def _batches(database: Database, policy: RetentionPolicy) -> Iterator[list[UUID]]:
    """Yield the runs to delete, a batch at a time; each once, also where it is found to be protected after all."""
    tried: set[UUID] = set()
    while True:
        with database.reading() as session:
            found = retention.list_doomed(session, policy, limit=LOOK_RUNS)
        ids = [run_id for run_id in found if run_id not in tried]
        if not ids:
            return
        tried.update(ids)
        for start in range(0, len(ids), BATCH_RUNS):
            yield ids[start : start + BATCH_RUNS]
