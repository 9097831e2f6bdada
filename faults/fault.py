"""The rows of the fault matrix, and one trial of a row."""

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar

import psutil

from core.run_state import RunState
from faults import records
from faults.backends import BACKENDS
from faults.ledger import NUM_EPOCHS, Accepted, Ledger, make_spec
from faults.oracle import Verdict, judge
from faults.records import Stage
from faults.service import Process, find_trainers
from faults.site import Site, worker_name

SEEDS = (0, 1)
LATEST_SHARE = 0.6
"""Share of a run's steps after which no fault begins: the run may have ended before it happens."""


@dataclass(frozen=True, slots=True)
class Training:
    """A run in the middle of its training.

    Attributes:
        worker: The worker that owns it.
        trainer: The process that trains it.
        stage: How far it had come when it was looked at.
    """

    run: Accepted
    worker: Process
    trainer: psutil.Process
    stage: Stage


@dataclass(slots=True)
class Trial:
    """One trial of a fault.

    Attributes:
        chance: Draws the moments of faults.
        seeds: Seeds of the runs.
        recovery_seconds: Time to recovery, as the fault defines it; None if it was not measured.
        measured: Other numbers, by what they are; of several trials the greatest is shown.
        complaints: What the fault itself found wrong, as sentences.
    """

    site: Site
    ledger: Ledger
    chance: random.Random
    seeds: Sequence[int]
    recovery_seconds: float | None = None
    measured: dict[str, float] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    def submit(self, num_epochs: int = NUM_EPOCHS, expected: RunState | None = RunState.SUCCEEDED) -> Accepted:
        """Queue a run."""
        return self.ledger.submit(self.choose_spec(num_epochs), expected)

    def choose_spec(self, num_epochs: int = NUM_EPOCHS) -> Mapping[str, Any]:
        """Return a spec with one of the seeds."""
        return make_spec(self.chance.choice(self.seeds), num_epochs)

    def start_training(self, run: Accepted | None = None) -> Training:
        """Queue a run, unless one is given, and wait for a moment in the middle of its training."""
        run = run or self.submit()
        share = self.chance.uniform(0, LATEST_SHARE)

        def has_come_there() -> bool:
            stage = self.stage(run)
            return stage.step > share * stage.num_steps

        self.site.wait_until(has_come_there, f"{share:.0%} of run {run.id} are trained")
        return self.find_training(run)

    def wait_until_it_trains(self, run: Accepted) -> None:
        """Wait until a run has done its first steps."""
        self.site.wait_until(lambda: self.stage(run).step > 0, f"run {run.id} trains")

    def wait_for_trainer(self, run: Accepted, attempt: int) -> psutil.Process:
        """Wait until a trainer works on an attempt, and return it."""
        found: list[psutil.Process] = []

        def is_found() -> bool:
            stage = self.stage(run)
            workers = [worker for worker in self.site.service.workers if worker_name(worker) == stage.owner]
            if stage.attempt == attempt and workers:
                with suppress(LookupError, psutil.Error):
                    found.append(find_trainer(workers[0], run))
            return bool(found)

        self.site.wait_until(is_found, f"a trainer works on attempt {attempt} at run {run.id}")
        return found[0]

    def find_training(self, run: Accepted) -> Training:
        """Find the processes that train a run."""
        stage = self.stage(run)
        for worker in self.site.service.workers:
            if worker_name(worker) == stage.owner:
                return Training(run, worker, find_trainer(worker, run), stage)
        raise self.site.service.failure(f"No worker of this service trains run {run.id}: {stage}")

    def wait_for(self, run: Accepted, state: RunState) -> None:
        """Wait until a run is in a state."""
        self.site.wait_until(lambda: self.stage(run).state is state, f"run {run.id} is {state}")

    def stage(self, run: Accepted) -> Stage:
        """Return how far a run has come."""
        return records.read_stage(self.site.database, run.id)

    def wait_for_next_attempt(self, training: Training, since: float) -> float:
        """Wait until the attempt after this one has begun; return the seconds since a moment of the monotonic clock."""
        number = training.stage.attempt
        self.site.wait_until(lambda: self.stage(training.run).attempt > number, f"another attempt at {training.run.id}")
        return time.monotonic() - since

    def note_resumption(self, run: Accepted) -> int | None:
        """Return the step of the checkpoint that the latest attempt at a run went on from, and keep the greatest."""
        attempts = self.site.service.get({"id": str(run.id)})["attempts"]
        step: int | None = max(attempts, key=lambda attempt: attempt["number"])["resumed_at_step"]
        self.note("resumed at step", step or 0)
        return step

    def note(self, what: str, value: float) -> None:
        """Keep the greatest of several numbers."""
        self.measured[what] = max(value, self.measured.get(what, value))

    def complain_unless(self, holds: object, sentence: str) -> None:
        """Record something wrong unless a condition holds."""
        if not holds:
            self.complaints.append(sentence)


class Fault(ABC):
    """A row of the matrix.

    Attributes:
        name: For the command line.
        title: For people.
        recovery: From when to when its recovery is measured; empty if it is not.
        limit_seconds: Longest recovery that is promised; None if none is.
        num_workers: Workers of a trial.
        lengths: Epochs of its runs. Before the first trial each is trained without faults.
        backends: The backends on which it means something.
        settings: Settings of the service besides the quick ones.
        disk_bytes: Size of the disk of the data directory; 0 for that of this machine.
        is_tried_once: True for one that takes a minute and more: one trial of it is enough.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    recovery: ClassVar[str] = ""
    limit_seconds: ClassVar[float | None] = None
    num_workers: ClassVar[int] = 2
    lengths: ClassVar[Sequence[int]] = (NUM_EPOCHS,)
    backends: ClassVar[Collection[str]] = BACKENDS
    settings: ClassVar[Mapping[str, str]] = MappingProxyType({})
    disk_bytes: ClassVar[int] = 0
    is_tried_once: ClassVar[bool] = False

    @abstractmethod
    def disturb(self, trial: Trial) -> None:
        """Queue runs, let the fault happen, and heal it."""


def try_once(fault: Fault, site: Site, chance: random.Random, seeds: Sequence[int] = SEEDS) -> tuple[Trial, Verdict]:
    """Do one trial, and judge what became of its runs.

    Args:
        fault: The fault.
        site: The service; workers are started and stopped as the fault needs them.
        chance: Draws the moments of faults.
        seeds: Seeds of the runs; each is trained once without faults before, to compare with.

    Raises:
        ServiceFailed: If the service does not do in time what the fault needs.
    """
    site.keep_workers(fault.num_workers)
    for seed in seeds:
        for num_epochs in fault.lengths:
            site.reference(make_spec(seed, num_epochs))
    before = site.count_runs()
    trial = Trial(site, Ledger(site.service), chance, seeds)
    try:
        fault.disturb(trial)
        verdict = judge(site, trial.ledger, before)
    finally:
        trial.ledger.close()
    verdict.damaged += trial.complaints
    return trial, verdict


def find_trainer(worker: Process, run: Accepted) -> psutil.Process:
    """Return the trainer of a worker that works on a run: the one that writes its log."""
    trainers = find_trainers(worker)
    for trainer in trainers:
        if any(str(run.id) in file.path for file in trainer.open_files()):
            return trainer
    raise LookupError(f"None of the trainers {trainers} works on run {run.id}.")
