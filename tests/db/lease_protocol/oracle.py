"""What holds of runs at every moment, whoever has died before."""

import json
from collections import Counter
from itertools import pairwise

from core.checkpoints import NUM_KEPT
from core.run_state import LEGAL_MOVES, TERMINAL_STATES, RunState
from db import curve_checks, integrity, job_checks
from db.quotas import BYTES_A_POINT
from db.records.jobs import AttemptOutcome
from db.session import Database
from tests.db.lease_protocol.snapshot import Run, Snapshot
from tests.db.lease_protocol.world import LEASE_SECONDS, STALL_SECONDS, STEPS_AN_EPOCH, World, tag

CRASHES = {AttemptOutcome.CRASHED, AttemptOutcome.LEASE_EXPIRED, AttemptOutcome.STALLED}

LAST_OUTCOMES = {
    RunState.SUCCEEDED: {AttemptOutcome.SUCCEEDED},
    RunState.FAILED: {AttemptOutcome.FAILED, *CRASHES},
}
"""Outcomes of the last attempt at a run that has ended so."""

OF_WORKERS = {"no_worker", "lease_overdue", "job_stalled"}
"""Findings of the doctor about workers, which send no reports here, and about what the next reconciliation mends."""


def check_state(world: World, now: Snapshot) -> None:
    client = world.client
    assert set(now.runs) <= client.sent, "There is a run that nobody asked for."
    assert client.accepted - client.deleted <= set(now.runs), "An accepted run is lost."
    assert now.files <= set(world.files), "A file is deleted that a row refers to."
    for key, answer in now.answers.items():
        number = int(key.removeprefix("key-"))
        assert number in client.deleted or str(now.runs[number].id) == json.loads(answer["body"])["id"]
    for run in now.runs.values():
        _check_columns(run)
        _check_attempts(run)
        _check_curves(run, world.inherited.get(run.number, {}))
        _check_checkpoints(run)
        _check_versions(run)
        assert now.changes[run.id][-1]["state"] == run.state
        assert len(now.deliveries.get(run.id, [])) == (run.state in TERMINAL_STATES)
    present = {run.id for run in now.runs.values()}
    for run_id, rows in now.changes.items():
        _check_changes([row["state"] for row in rows], is_deleted=run_id not in present)
    for run_id, rows in now.deliveries.items():
        ends = [row["state"] for row in now.changes[run_id] if row["state"] in TERMINAL_STATES]
        assert [row["run_state"] for row in rows] == ends, "The end of a run is not told once."


def check_doctor(database: Database) -> None:
    """Check that `trainyard doctor` finds nothing wrong."""
    findings = list(integrity.check_pages(database))
    with database.reading() as session:
        for curve in curve_checks.list_curves(session, 0):
            findings += curve_checks.check_curve(session, curve)
        findings += integrity.check_pointers(session)
        findings += job_checks.check_jobs(session, lease_seconds=LEASE_SECONDS, stall_seconds=STALL_SECONDS)
    assert [one for one in findings if not one.is_note and one.code not in OF_WORKERS] == []


def _check_columns(run: Run) -> None:
    is_running = run.state == RunState.RUNNING
    assert (run.owner is not None, run.lease_expires_at is not None) == (is_running, is_running)
    assert (run.ended_at is not None) == (run.state in TERMINAL_STATES)
    assert run.error is not None or run.state != RunState.FAILED
    assert run.error is None or run.state not in {RunState.RUNNING, RunState.SUCCEEDED}
    assert run.retry_at is None or run.state == RunState.QUEUED
    assert is_running or run.interruption is None
    assert is_running or run.stored_bytes == _measure(run)


def _measure(run: Run) -> int:
    num_bytes = sum(row["num_bytes"] for row in (*run.artifacts, *run.checkpoints))
    return num_bytes + BYTES_A_POINT * sum(len(curve.steps) for curve in run.curves.values())


def _check_attempts(run: Run) -> None:
    """Attempts are numbered without gaps; only that of a running run has not ended, and only one succeeds."""
    assert [row["number"] for row in run.attempts] == list(range(1, run.attempt + 1))
    outcomes = [row["outcome"] for row in run.attempts]
    assert [row["ended_at"] is None for row in run.attempts] == [one is None for one in outcomes]
    assert outcomes.count(None) == (run.state == RunState.RUNNING)
    assert outcomes.count(AttemptOutcome.SUCCEEDED) == (run.state == RunState.SUCCEEDED)
    if run.state in LAST_OUTCOMES:
        assert outcomes[-1] in LAST_OUTCOMES[run.state]
    else:
        assert AttemptOutcome.FAILED not in outcomes


def _check_curves(run: Run, inherited: dict[str, list[float]]) -> None:
    """Each step is there once up to the last, with the value of the last attempt that was to measure it."""
    last = run.num_steps
    expected = {
        "train/loss": range(1, last + 1),
        "epoch/validation/loss": range(STEPS_AN_EPOCH, last + 1, STEPS_AN_EPOCH),
    }
    assert set(run.curves) == {key for key, steps in expected.items() if steps}
    for key, curve in run.curves.items():
        assert curve.steps == list(expected[key])
        given = inherited.get(key, [])
        assert curve.values == [
            _find_value(run, step, given[place : place + 1]) for place, step in enumerate(curve.steps)
        ]
        assert curve.values[-1] == run.latest_metrics.get(key, curve.values[-1])
    assert run.state != RunState.RUNNING or run.progress is None or run.step == last


def _find_value(run: Run, step: int, given: list[float]) -> float:
    writers = [row["number"] for row in run.attempts if (row["resumed_at_step"] or 0) < step]
    return tag(run.number, writers[-1]) if writers else given[0]


def _check_checkpoints(run: Run) -> None:
    rows = sorted(run.checkpoints, key=lambda row: -row["step"])
    assert all(row["step"] <= run.num_steps for row in rows), "Points before a checkpoint are missing."
    num_newest = 1 if run.state == RunState.SUCCEEDED else NUM_KEPT
    assert all(row["is_best"] for row in rows[num_newest:]), "Too many checkpoints are kept."
    best = [row["value"] for row in rows if row["is_best"]]
    assert best in ([], [min((row["value"] for row in rows), default=None)])


def _check_versions(run: Run) -> None:
    assert [row["version"] for row in run.versions] == [run.model_version] * (run.state == RunState.SUCCEEDED)


def _check_changes(states: list[str], *, is_deleted: bool) -> None:
    """Every change is a legal move, or a request to stop, which leaves the state."""
    assert states[0] == RunState.QUEUED
    assert (states[-1] == "deleted") == is_deleted
    moves = pairwise(states[:-1] if is_deleted else states)
    assert all(after == before or after in LEGAL_MOVES[RunState(before)] for before, after in moves), states
    assert max(Counter(state for state in states if state in TERMINAL_STATES).values(), default=0) <= 1
