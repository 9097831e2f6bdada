"""Health of workers as they report it, and what queued runs wait for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

MIN_FAILED_STARTS = 3
"""Failed starts of a trainer in a row before a worker counts as unable to train."""


class WorkerState(StrEnum):
    """State of a worker."""

    STARTING = "starting"
    """Its first trainers warm up."""
    READY = "ready"
    """A trainer waits for a run, or trains one."""
    BROKEN = "broken"
    """The last start of each trainer failed. The worker keeps trying."""


@dataclass(frozen=True, slots=True)
class WorkerHealth:
    """A worker's report of its trainers.

    Attributes:
        num_trainers: Trainer processes that it is configured to run.
        num_ready: Number of trainers that have started.
        num_failed_starts: Failed starts of a trainer in a row; 0 while none fails.
        error: Error of the last failed start, as a sentence; None while none fails.
    """

    state: WorkerState
    num_trainers: int
    num_ready: int
    num_failed_starts: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker as stored in the database.

    Attributes:
        name: Host and process id; also the owner of the runs that it trains.
        is_live: True if it has reported lately.
        broken_seconds: Time since it became broken; 0 if it is not.
    """

    name: str
    host: str
    health: WorkerHealth
    is_live: bool
    broken_seconds: float


class WaitingKind(StrEnum):
    """Requirement that a queued run waits for."""

    TRAINER = "trainer"
    """A free trainer."""
    WORKER = "worker"
    """A worker; none is running."""
    REPAIR = "repair"
    """A repair; workers are running, and none can start a trainer."""
    QUOTA = "quota"
    """The end of another run of its submitter, which has as many running ones as its quota allows."""
    RETRY = "retry"
    """The end of its pause before another attempt."""


@dataclass(frozen=True, slots=True)
class WaitingFor:
    """The need of a queued run, with a text for people."""

    kind: WaitingKind
    detail: str


@dataclass(frozen=True, slots=True)
class Waits:
    """Reasons for which queued runs wait.

    Attributes:
        of_all: The need of every run but those of `of_submitters`.
        of_submitters: The need of the runs of some submitters, by name; None is that of everybody without keys.
    """

    of_all: WaitingFor
    of_submitters: Mapping[str | None, WaitingFor] = field(default_factory=dict)

    def of(self, submitter: str | None, retry_at: datetime | None) -> WaitingFor:
        """Return what a run waits for.

        Args:
            submitter: Its submitter.
            retry_at: End of its pause before another attempt; None if it is in none.
        """
        if retry_at is not None:
            moment = f"{retry_at:%Y-%m-%d %H:%M:%S} UTC"
            return WaitingFor(
                WaitingKind.RETRY, f"its last attempt ended with an error; the next begins after {moment}"
            )
        return self.of_submitters.get(submitter, self.of_all)


@dataclass(frozen=True, slots=True)
class TrainingStatus:
    """Status of training as a whole.

    Attributes:
        ok: True if a worker can train, or is starting.
        detail: Description of the faults, or None.
    """

    ok: bool
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Workforce:
    """Every worker that reported in the last minutes."""

    workers: tuple[Worker, ...] = ()

    @property
    def live(self) -> tuple[Worker, ...]:
        """Return the workers that have reported lately."""
        return tuple(worker for worker in self.workers if worker.is_live)

    def has_been_broken_for(self, seconds: float) -> bool:
        """Return True if workers are running and each has been unable to start a trainer for this long."""
        return bool(self.live) and all(
            worker.health.state is WorkerState.BROKEN
            and worker.health.num_failed_starts >= MIN_FAILED_STARTS
            and worker.broken_seconds >= seconds
            for worker in self.live
        )

    def status(self) -> TrainingStatus:
        """Return the status of training; its detail also names a broken worker among healthy ones."""
        waiting_for = self.waiting_for()
        if waiting_for.kind is not WaitingKind.TRAINER:
            return TrainingStatus(ok=False, detail=waiting_for.detail)
        faults = [*map(_describe_fault, self.failing), *map(_describe_silence, self._silent)]
        if not self._num_ready:
            faults.insert(0, "the first trainer is still starting")
        return TrainingStatus(ok=True, detail="; ".join(faults) or None)

    def waiting_for(self) -> WaitingFor:
        """Return what a queued run waits for now.

        The text changes only when the situation does: it is part of answers that clients compare.
        """
        if not self.live:
            silence = "".join(f" {_describe_silence(worker)}." for worker in self._silent)
            return WaitingFor(
                WaitingKind.WORKER, f"no worker is running.{silence} Start one with: python -m launch worker"
            )
        if all(worker.health.state is WorkerState.BROKEN for worker in self.live):
            return WaitingFor(WaitingKind.REPAIR, f"no trainer can start: {self.live[0].health.error}")
        if not self._num_ready:
            return WaitingFor(WaitingKind.TRAINER, "the first trainer is still starting")
        return WaitingFor(WaitingKind.TRAINER, "the run starts as soon as a trainer is free")

    @property
    def failing(self) -> tuple[Worker, ...]:
        """Return the live workers with trainers that cannot start."""
        return tuple(worker for worker in self.live if worker.health.error is not None)

    @property
    def _silent(self) -> tuple[Worker, ...]:
        return tuple(worker for worker in self.workers if not worker.is_live)

    @property
    def _num_ready(self) -> int:
        return sum(worker.health.num_ready for worker in self.live)


def _describe_fault(worker: Worker) -> str:
    health = worker.health
    which = "no trainer" if not health.num_ready else f"only {health.num_ready} of {health.num_trainers} trainers"
    return f"worker {worker.name}: {which} can start: {health.error}"


def _describe_silence(worker: Worker) -> str:
    return f"worker {worker.name} no longer reports"
