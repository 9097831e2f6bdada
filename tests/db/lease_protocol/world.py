"""Clients, workers and a reconciler, on a database whose time stands still and whose processes die where tests say."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete

from core.artifacts import ONNX_MODEL, SIGNATURE, TRAINER_LOG, Artifact
from core.checkpoints import Checkpoint
from core.progress import MetricBatch, Phase, Progress
from core.retention import RetentionPolicy
from core.run_report import RunError
from core.run_state import TERMINAL_STATES
from db import checkpoints, claims, expiry, resuming, retention, runs, stored_files, submissions, webhooks
from db.claims import ClaimedRun
from db.continuations import Continuation
from db.idempotency import RepeatKey, StoredAnswer
from db.new_runs import NewRun
from db.records.jobs import AttemptOutcome
from db.records.schema import METADATA
from db.records.service import CompatibilityRecord
from db.session import Database
from tests.db.lease_protocol.clock import Clock
from tests.db.lease_protocol.crashes import Crashes
from tests.db.lease_protocol.snapshot import Run

LEASE_SECONDS = 60.0
STALL_SECONDS = 1800.0
STEPS_AN_EPOCH = 4
BYTES = 10
"""Size of every file."""


def tag(number: int, attempt: int) -> float:
    """Value of the points that an attempt at a run measures: it tells who wrote a point."""
    return 1000.0 * number + attempt


def score(number: int, step: int) -> float:
    """Value by which checkpoints are compared; the least is best."""
    return (7919 * step + 31 * number) % 101 / 100


@dataclass
class Worker:
    """A worker with its memory of the run that it trains.

    Attributes:
        step: Step up to which its reports are stored, as far as it knows.
        saved: Step of the newest checkpoint that it knows of.
        best: Value of the best checkpoint, as the trainer remembers it.
    """

    name: str
    run: ClaimedRun | None = None
    step: int = 0
    saved: int = 0
    best: float | None = None

    def forget(self) -> None:
        """Lose the memory, as in a restart, and in an attempt that is over."""
        self.run, self.step, self.saved, self.best = None, 0, 0, None


@dataclass
class Client:
    """What clients have been told.

    Attributes:
        accepted: Numbers of the requests that were answered.
        sent: Numbers of all requests.
        deleted: Numbers of runs whose deletion was asked for.
    """

    accepted: set[int] = field(default_factory=set)
    sent: set[int] = field(default_factory=set)
    deleted: set[int] = field(default_factory=set)


class World:
    """The processes of a service, each action of which is what the real one does to the database.

    Attributes:
        files: The artifact store: what the trainer remembers in each file, by its sha256.
        damaged: The sha256 of checkpoints that could not be read.
        inherited: Points that a run was given by the one whose checkpoint it goes on from, by number and curve.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = Clock(database)
        self.crashes = Crashes(database)
        self.reset()

    def reset(self) -> None:
        """Begin anew: empty tables, one webhook, three workers."""
        self.client = Client()
        self.files: dict[str, float | None] = {}
        self.damaged: set[str] = set()
        self.inherited: dict[int, dict[str, list[float]]] = {}
        self.workers = [Worker(f"worker-{number}") for number in range(3)]
        with self.database.transaction() as session:
            for table in reversed(METADATA.sorted_tables):
                if table is not CompatibilityRecord.__table__:
                    session.execute(delete(table))
            everything = {"states": sorted(TERMINAL_STATES), "experiment": None, "model_name": None}
            webhooks.create(session, url="https://example.com/", secret="c2VjcmV0", created_by=None, **everything)  # noqa: S106 - of no webhook

    # What clients do.

    def submit(
        self,
        number: int,
        *,
        with_key: bool = True,
        priority: int = 0,
        submitter: str | None = None,
        max_attempts: int = 3,
        source: Run | None = None,
    ) -> None:
        """Submit a run; `source` is one whose newest checkpoint it goes on from."""
        self.client.sent.add(number)
        if source is not None:
            self.inherited[number] = {
                key: curve.values[: sum(step <= source.newest for step in curve.steps)]
                for key, curve in source.curves.items()
            }
        new = NewRun.of(
            experiment="trials",
            model_name="adder",
            spec={"seed": number},
            priority=priority,
            submitted_by=submitter,
            max_attempts=max_attempts,
            continuation=None if source is None else Continuation(source.id, source.newest),
        )
        repeat = RepeatKey(f"key-{number}", "POST /v1/runs", "0" * 64) if with_key else None
        with self.crashes.transaction() as session:
            done = submissions.queue_all(session, [submissions.Submission((new,), _answer, repeat)])
        if isinstance(done.outcomes[0], Exception):
            raise done.outcomes[0]
        self.client.accepted.add(number)

    def ask(self, action: str, run: Run) -> None:
        """Pause, resume, cancel or delete a run."""
        if action == "delete":
            self.client.deleted.add(run.number)
            with self.crashes.transaction() as session:
                deletion = runs.delete(session, run.id, force=True)
            self._remove(deletion.files)
            return
        with self.crashes.transaction() as session:
            getattr(runs, action)(session, run.id)

    def sweep(self, seconds: float) -> None:
        """Delete runs that ended so long ago, as the policy of retention does."""
        policy = RetentionPolicy(max_age_seconds=seconds, keep_newest=False)
        with self.crashes.transaction() as session:
            ids = retention.list_doomed(session, policy, limit=10)
            self.client.deleted.update(runs.get(session, run_id).seed for run_id in ids)
            batch = retention.delete_some(session, policy, ids)
        self._remove(sorted(batch.files))

    # What a worker does.

    def claim(self, worker: Worker) -> None:
        with self.crashes.transaction() as session:
            worker.run = claims.claim_run(session, owner=worker.name, lease_seconds=LEASE_SECONDS)
        if worker.run is not None and worker.run.checkpoint is not None:
            worker.step = worker.saved = worker.run.checkpoint.step
            worker.best = self.files[worker.run.checkpoint.sha256]

    def renew(self, worker: Worker) -> None:
        with self.crashes.transaction() as session:
            claims.renew_lease(session, worker.run.run_id, worker.run.attempt, LEASE_SECONDS)

    def report(self, worker: Worker, num_steps: int, *, saves: bool = False) -> None:
        """Store the points of further steps, the progress, and a checkpoint if it is to be saved."""
        run, last = worker.run, worker.step + num_steps
        value = tag(run.spec["seed"], run.attempt)
        batches = [
            MetricBatch(key, steps, [value] * len(steps), [0.0] * len(steps))
            for key, steps in (
                ("train/loss", range(worker.step + 1, last + 1)),
                ("epoch/validation/loss", [s for s in range(worker.step + 1, last + 1) if s % STEPS_AN_EPOCH == 0]),
            )
        ]
        first = 0 if run.checkpoint is None else run.checkpoint.step
        progress = Progress(Phase.TRAIN, last // STEPS_AN_EPOCH, 10**6, last, 10**7, STEPS_AN_EPOCH, first)
        place = (run.run_id, run.attempt, LEASE_SECONDS)
        checkpoint = self._save(worker, last) if saves and last > worker.saved else None
        superseded: list[str] = []
        with self.crashes.transaction() as session:
            claims.record_progress(session, *place, progress=progress, batches=batches)
            if checkpoint is not None:
                superseded = resuming.record_checkpoint(session, *place, checkpoint)
        worker.step = last
        if checkpoint is not None:
            worker.saved, worker.best = last, self.files[checkpoint.sha256]
        self._remove(superseded)

    def finish(self, worker: Worker) -> None:
        run = worker.run
        files = [self._put(ONNX_MODEL, worker), self._put(SIGNATURE)]
        with self.crashes.transaction() as session:
            superseded = checkpoints.list_files(session, [run.run_id])
            claims.finish_run(session, run.run_id, run.attempt, artifacts=files, phases={"queue": run.queue_seconds})
        self._remove(superseded)
        worker.forget()

    def fail(self, worker: Worker) -> None:
        run, log = worker.run, self._put(TRAINER_LOG, worker)
        with self.crashes.transaction() as session:
            error = RunError("training_failed", "The loss is not a number.")
            claims.fail_run(session, run.run_id, run.attempt, error=error, artifacts=[log])
        worker.forget()

    def stop(self, worker: Worker) -> None:
        """End an attempt whose run is cancelled."""
        run, log = worker.run, self._put(TRAINER_LOG, worker)
        with self.crashes.transaction() as session:
            claims.cancel_running(session, run.run_id, run.attempt, artifacts=[log])
        worker.forget()

    def release(
        self, worker: Worker, *, is_crash: bool = False, outcome: AttemptOutcome = AttemptOutcome.RELEASED
    ) -> None:
        run, log = worker.run, self._put(TRAINER_LOG, worker)
        options = {"count_as_crash": is_crash, "outcome": outcome, "artifacts": [log]}
        with self.crashes.transaction() as session:
            claims.release_run(session, run.run_id, run.attempt, reason="it had to.", **options)
        worker.forget()

    def discard(self, worker: Worker) -> None:
        """Give up a checkpoint that cannot be read."""
        run, damaged = worker.run, worker.run.checkpoint
        self.damaged.add(damaged.sha256)
        with self.crashes.transaction() as session:
            resuming.discard_checkpoint(session, run.run_id, run.attempt, damaged.step, reason="it is damaged.")
        self._remove([damaged.sha256])
        worker.forget()

    # What every worker's reconciler does.

    def reconcile(self) -> None:
        with self.crashes.transaction() as session:
            expiry.end_stalled(session, STALL_SECONDS)
            expiry.expire_leases(session)
            expiry.end_waits(session)

    def make_room(self, worker: Worker) -> None:
        with self.crashes.transaction() as session:
            expiry.request_preemption(session, worker.name, 0, 1.0)

    def _save(self, worker: Worker, step: int) -> Checkpoint:
        number = worker.run.spec["seed"]
        value = score(number, step)
        is_best = worker.best is None or value < worker.best
        sha256 = _hash(f"checkpoint of run {number} by attempt {worker.run.attempt} at step {step}")
        self.files[sha256] = value if is_best else worker.best
        return Checkpoint(step, step // STEPS_AN_EPOCH, sha256, BYTES, "val_loss", value, is_best)

    def _put(self, name: str, owner: Worker | None = None) -> Artifact:
        """Store a file; without an owner, one that is the same for all runs."""
        content = f"{name} of {'all' if owner is None else (owner.run.spec['seed'], owner.run.attempt)}"
        self.files[_hash(content)] = None
        return Artifact(name, _hash(content), BYTES, "application/octet-stream")

    def _remove(self, hashes: Sequence[str]) -> None:
        """Delete files that nothing refers to; no process stores any in between here."""
        stored_files.remove_files(self.crashes, _Store(self.files), hashes, are_unique=True)


class _Store:
    """Deletes files as an artifact store does."""

    def __init__(self, files: dict[str, float | None]) -> None:
        self._files = files

    def delete(self, sha256: str) -> None:
        self._files.pop(sha256, None)


def _answer(rows, _waiting_for) -> StoredAnswer:
    return StoredAnswer(202, f"/v1/runs/{rows[0].id}", json.dumps({"id": str(rows[0].id)}))


def _hash(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()
