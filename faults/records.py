"""Direct looks into the database of a service, past its API."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import func, select

from core.run_state import RunState
from db import workers
from db.records.events import RunChangeRecord
from db.records.registry import ModelVersionRecord
from db.records.runs import AttemptRecord, RunRecord
from db.session import Database


@dataclass(frozen=True, slots=True)
class Stage:
    """Stage of a run.

    Attributes:
        attempt: Number of the latest attempt.
        step: Training steps so far, those of earlier attempts before its checkpoint included.
        num_steps: Training steps of the whole run; 0 while they are not known.
        owner: Worker that holds it.
    """

    state: RunState
    attempt: int
    step: int
    num_steps: int
    owner: str | None


@dataclass(slots=True)
class RunFacts:
    """All that the database says of a run's end.

    Attributes:
        state: None if there is no such run.
        outcomes: Outcome of each attempt, in order; None of one without an end.
        num_success_events: Changes to `succeeded` that were told to listeners.
        networks: sha256 of the network of each model version that the run registered.
    """

    state: RunState | None = None
    outcomes: list[str | None] = field(default_factory=list)
    num_success_events: int = 0
    networks: list[str | None] = field(default_factory=list)


def read_stage(database: Database, run_id: UUID) -> Stage:
    """Return how far a run has come."""
    columns = (RunRecord.state, RunRecord.attempt, RunRecord.progress, RunRecord.owner)
    with database.reading() as session:
        state, attempt, progress, owner = session.execute(select(*columns).where(RunRecord.id == run_id)).one()
    told = progress or {}
    return Stage(state, attempt, told.get("step", 0), told.get("num_steps", 0), owner)


def count_runs(database: Database, states: Collection[RunState] = tuple(RunState)) -> int:
    """Return the number of runs in some states, by default in any."""
    query = select(func.count()).select_from(RunRecord).where(RunRecord.state.in_(states))
    with database.reading() as session:
        return session.scalar(query) or 0


def read_facts(database: Database, run_ids: Collection[UUID]) -> dict[UUID, RunFacts]:
    """Return what is stored of each of these runs."""
    facts: dict[UUID, RunFacts] = defaultdict(RunFacts)
    run, change, version, attempt = RunRecord, RunChangeRecord, ModelVersionRecord, AttemptRecord
    with database.reading() as session:
        for run_id, state in session.execute(select(run.id, run.state).where(run.id.in_(run_ids))):
            facts[run_id].state = state
        ends = select(change.run_id, func.count()).where(
            change.run_id.in_(run_ids), change.state == RunState.SUCCEEDED.value
        )
        for run_id, count in session.execute(ends.group_by(change.run_id)):
            facts[run_id].num_success_events = count
        attempts = select(attempt.run_id, attempt.outcome).where(attempt.run_id.in_(run_ids))
        for run_id, outcome in session.execute(attempts.order_by(attempt.run_id, attempt.number)):
            facts[run_id].outcomes.append(None if outcome is None else outcome.value)
        versions = select(version.run_id, version.network_sha256).where(version.run_id.in_(run_ids))
        for owner, sha256 in session.execute(versions):
            if owner is not None:
                facts[owner].networks.append(sha256)
    return facts


def list_ready_workers(database: Database) -> set[str]:
    """Return the names of workers that report a warm trainer."""
    with database.reading() as session:
        return {worker.name for worker in workers.look(session).live if worker.health.num_ready}
