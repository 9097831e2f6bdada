"""Submission of runs: of many requests in one transaction, each accepted or refused by itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.errors import InvalidSpec, Problem, TrainyardError, UnknownDataset, UnknownRun
from core.quotas import NO_LIMITS, Limits
from core.workers import WaitingFor
from db import artifacts, continuations, datasets, dead_letters, idempotency, initial_weights, quotas, workers
from db.dead_letters import LetterKind
from db.idempotency import RepeatKey, StoredAnswer
from db.new_runs import NewRun, insert_all, make_row
from db.quotas import Admission
from db.records.queued_runs import QueuedRun


@dataclass(frozen=True, slots=True)
class Submission:
    """Runs of one request, which are queued all or not at all.

    Attributes:
        runs: The runs, in the order in which they are to start.
        answer: Makes the answer from the rows of the runs, in the same order, and from what they wait for.
        repeat: The request's Idempotency-Key, if it has one.
    """

    runs: tuple[NewRun, ...]
    answer: Callable[[Sequence[QueuedRun], WaitingFor], StoredAnswer]
    repeat: RepeatKey | None = None


@dataclass(frozen=True, slots=True)
class Round:
    """Outcome of several submissions.

    Attributes:
        outcomes: The answer to each, or the error that it is refused with; in order.
        num_queued: Number of runs that were queued.
        num_trainers: Number of trainers of the live workers.
    """

    outcomes: tuple[StoredAnswer | TrainyardError, ...]
    num_queued: int
    num_trainers: int


def queue_all(session: Session, submissions: Sequence[Submission], limits: Limits = NO_LIMITS) -> Round:
    """Queue the runs of several requests; the caller commits, and rings the doorbell afterwards.

    Every run of a client is queued here, alone or with others. Everything that may refuse a submission is looked at
    in `_admit`, before anything is written, so that no refusal takes back what the others have written. No two
    submissions may have the same Idempotency-Key.

    Args:
        session: Session of a transaction.
        submissions: The requests.
        limits: Limits of submitters without their own.
    """
    outcomes: dict[int, StoredAnswer | TrainyardError] = {}
    now, workforce = workers.look_now(session)
    waiting_for = workforce.waiting_for()
    admitted: dict[int, list[QueuedRun]] = {}
    # All at once: transactions that lock files wait for each other and never in a circle.
    asked = [run for one in submissions for run in one.runs]
    hashes = {run.weights.sha256 for run in asked if run.weights is not None}
    hashes.update(
        *(continuations.list_files(session, run.continuation) for run in asked if run.continuation is not None)
    )
    removed = artifacts.hold_files(session, hashes)
    admission = Admission(session, {run.submitted_by for run in asked}, limits)
    for number, submission in enumerate(submissions):
        try:
            _admit(session, submission, removed)
            admission.admit(submission.runs)
        except TrainyardError as error:
            # What was queued before is answered as before, even if it would be refused now.
            outcomes[number] = _find_answer(session, submission) or error
            continue
        rows = [make_row(run, now) for run in submission.runs]
        admitted[number] = rows
        outcomes[number] = submission.answer(rows, waiting_for)
    _keep_answers(session, submissions, admitted, outcomes)
    insert_all(session, [row for rows in admitted.values() for row in rows])
    queued = [
        (row, run) for number, rows in admitted.items() for row, run in zip(rows, submissions[number].runs, strict=True)
    ]
    datasets.note_uses(session, ((row.id, run.dataset) for row, run in queued if run.dataset is not None))
    for row, run in queued:
        if run.continuation is not None:
            continuations.begin(session, row.id, run.continuation)
            quotas.note_stored(session, row.id)
    initial_weights.keep(session, ((row.id, run.weights) for row, run in queued if run.weights is not None))
    sources = {row.source_run_id for row, _ in queued if row.source_run_id is not None}
    dead_letters.settle(session, LetterKind.RUN, sources)
    return Round(
        outcomes=tuple(outcomes[number] for number in range(len(submissions))),
        num_queued=sum(map(len, admitted.values())),
        num_trainers=sum(worker.health.num_trainers for worker in workforce.live),
    )


def _admit(session: Session, submission: Submission, removed: frozenset[str]) -> None:
    """Check what only the database knows, in the transaction that queues the runs.

    Args:
        session: Session of the transaction.
        submission: The runs.
        removed: Hashes of files that nothing refers to any more.

    Raises:
        InvalidSpec: If an uploaded dataset, or a run that one starts from, was deleted since its spec was checked.
        Conflict: If a checkpoint to go on from was deleted meanwhile.
    """
    for run in submission.runs:
        if run.continuation is not None:
            continuations.check(session, run.continuation)
    problems = [
        Problem(
            f"{run.pointer}/spec/initial_weights/run",
            "The run whose weights this one starts from was deleted meanwhile. Name another run.",
            UnknownRun.code,
        )
        for run in submission.runs
        if run.weights is not None and run.weights.sha256 in removed
    ]
    seen: set[tuple[str, int]] = set()
    # In order, so that transactions that lock the same versions wait for each other and never in a circle.
    for run in sorted(submission.runs, key=lambda run: run.dataset or ("", 0)):
        if run.dataset is None or run.dataset in seen:
            continue
        try:
            datasets.lock_version(session, *run.dataset)
        except UnknownDataset as error:
            problems += InvalidSpec.at(f"{run.pointer}/spec/dataset", error.detail, error.code).problems
        else:
            seen.add(run.dataset)
    if problems:
        raise InvalidSpec(problems[0].detail, problems)


def _find_answer(session: Session, submission: Submission) -> StoredAnswer | TrainyardError | None:
    if submission.repeat is None:
        return None
    return idempotency.find_all(session, [submission.repeat]).get(submission.repeat)


def _keep_answers(
    session: Session,
    submissions: Sequence[Submission],
    admitted: dict[int, list[QueuedRun]],
    outcomes: dict[int, StoredAnswer | TrainyardError],
) -> None:
    """Store the answers under their keys; requests whose keys are stored already get the answers of the first."""
    answers: dict[RepeatKey, StoredAnswer] = {}
    for number in admitted:
        repeat, outcome = submissions[number].repeat, outcomes[number]
        if repeat is not None and isinstance(outcome, StoredAnswer):
            answers[repeat] = outcome
    repeated = answers.keys() - idempotency.keep_all(session, answers)
    if not repeated:
        return
    first = idempotency.find_all(session, repeated)
    for number in list(admitted):
        repeat = submissions[number].repeat
        if repeat in first:
            del admitted[number]
            outcomes[number] = first[repeat]
