"""Pool of warm trainers: one slot a device, each with a process that waits for a run."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from core.errors import TrainerLost
from core.settings import Settings
from core.workers import WorkerHealth, WorkerState
from worker.restarts import restart_delay
from worker.spare_trainers import SpareTrainers
from worker.trainer_environments import spare_environment
from worker.trainer_process import StartTrainer, TrainerProcess

logger = logging.getLogger("trainyard.worker")


@dataclass(slots=True)
class _Slot:
    """Result of the starts of one slot's trainers.

    Attributes:
        is_ready: True if the last start succeeded.
        num_failed: Number of failed starts in a row, those of trainers that ended before their first run included.
        error: Error of the last failed start; None once a trainer is ready.
        failed_at: Time of the last failed start, by the monotonic clock.
    """

    is_ready: bool = False
    num_failed: int = 0
    error: str | None = None
    failed_at: float = 0.0


class TrainerPool:
    """Keeps one warm trainer in each slot and replaces those that are worn out, by spares if there are any."""

    def __init__(
        self, settings: Settings, environments: Sequence[dict[str, str]], start: StartTrainer = TrainerProcess
    ) -> None:
        """Create the slots; `open` starts the processes.

        Args:
            settings: Limits after which a trainer is replaced, and the number of spares.
            environments: Environment variables of each slot's trainer.
            start: Starts a process; tests pass another.
        """
        self._settings = settings
        self._environments = tuple(environments)
        self._start = start
        self._ready: queue.Queue[tuple[int, TrainerProcess]] = queue.Queue()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._num_busy = 0
        self._running: dict[int, TrainerProcess] = {}
        self._slots = [_Slot() for _ in self._environments]
        self._num_starting = 0
        self._spares = SpareTrainers(
            settings.spare_trainers,
            spare_environment(self._environments),
            start,
            is_starting=lambda: self._num_starting > 0,
        )
        self._on_change: Callable[[], None] = lambda: None
        self._worn: list[queue.Queue[None]] = [queue.Queue() for _ in self._environments]

    @property
    def num_slots(self) -> int:
        """Return the number of runs that can be trained at once."""
        return len(self._environments)

    @property
    def num_idle(self) -> int:
        """Return the number of warm trainers that wait for a run."""
        return self._ready.qsize()

    @property
    def num_busy(self) -> int:
        """Return the number of trainers that train a run."""
        return self._num_busy

    @property
    def health(self) -> WorkerHealth:
        """Return the health of the worker, by the starts of its trainers."""
        with self._lock:
            num_ready = sum(slot.is_ready for slot in self._slots)
            failing = [slot for slot in self._slots if slot.error is not None]
            last = max(failing, key=lambda slot: slot.failed_at, default=None)
            not_ready = WorkerState.STARTING if last is None else WorkerState.BROKEN
            return WorkerHealth(
                state=WorkerState.READY if num_ready else not_ready,
                num_trainers=self.num_slots,
                num_ready=num_ready,
                num_failed_starts=max((slot.num_failed for slot in failing), default=0),
                error=None if last is None else last.error,
            )

    def open(self, on_change: Callable[[], None] | None = None) -> None:
        """Start a trainer in every slot; return at once.

        Args:
            on_change: Called from any thread whenever `health` has changed.
        """
        if on_change is not None:
            self._on_change = on_change
        self._num_starting = self.num_slots
        for slot in range(self.num_slots):
            # This thread must live until the pool closes: a trainer dies with the thread that started it.
            threading.Thread(target=self._keep_slot_filled, args=(slot,), name=f"slot-{slot}", daemon=True).start()
        self._spares.open()

    def close(self) -> None:
        """End every trainer; no new one starts."""
        self._closing.set()
        self._spares.close()
        with self._lock:
            trainers = list(self._running.values())
        for worn in self._worn:
            worn.put(None)
        for trainer in trainers:
            trainer.kill()

    @contextmanager
    def borrow(self, timeout_seconds: float) -> Iterator[TrainerProcess | None]:
        """Borrow a warm trainer for one run; None if none is ready in time.

        The caller kills a trainer in an unknown state; a dead or worn one is replaced afterwards.
        """
        try:
            slot, trainer = self._take(timeout_seconds)
        except queue.Empty:
            yield None
            return
        with self._lock:
            self._num_busy += 1
        try:
            yield trainer
        finally:
            with self._lock:
                self._num_busy -= 1
            if self._is_fit(trainer):
                self._ready.put((slot, trainer))
            else:
                self._worn[slot].put(None)

    def _take(self, timeout_seconds: float) -> tuple[int, TrainerProcess]:
        while True:
            slot, trainer = self._ready.get(timeout=timeout_seconds)
            if trainer.is_alive:
                return slot, trainer
            logger.warning("Trainer %d ended while it was idle (%s).", trainer.pid, trainer.describe_end())
            self._worn[slot].put(None)

    def _is_fit(self, trainer: TrainerProcess) -> bool:
        if not trainer.is_alive:
            return False
        if trainer.num_runs >= self._settings.trainer_max_runs:
            logger.info("The trainer %d has trained %d runs and is replaced.", trainer.pid, trainer.num_runs)
            return False
        growth = trainer.memory_bytes() - (trainer.first_memory_bytes or trainer.memory_bytes())
        if growth > self._settings.trainer_max_memory_growth_bytes:
            logger.info("The trainer %d has grown by %d bytes and is replaced.", trainer.pid, growth)
            return False
        return True

    def _keep_slot_filled(self, slot: int) -> None:
        while not self._closing.is_set():
            try:
                trainer = self._start_in(slot)
            except TrainerLost as error:
                self._pause_after_failure(slot, error.detail)
                continue
            self._note_ready(slot)
            self._ready.put((slot, trainer))
            self._worn[slot].get()
            with self._lock:
                self._num_starting += 1
            if not trainer.is_alive and not trainer.num_runs:
                self._pause_after_failure(slot, f"The trainer ended before its first run ({trainer.describe_end()}).")
            else:
                self._slots[slot].num_failed = 0
            trainer.kill()
        with self._lock:
            last = self._running.pop(slot, None)
        if last is not None:
            last.kill()

    def _start_in(self, slot: int) -> TrainerProcess:
        """Take a spare, or start a trainer, and wait until it is warm.

        Raises:
            TrainerLost: If one cannot be started or ends in its warm-up.
        """
        environment = self._environments[slot]
        spare = self._spares.take(environment)
        if spare is not None:
            try:
                return self._wait_for(slot, spare)
            except TrainerLost as error:
                # What keeps trainers from starting is reported of one that was started for this.
                logger.warning("A spare cannot take the place of a trainer: %s", error.detail)
        try:
            trainer = self._start(environment)
        except OSError as error:
            raise TrainerLost(f"The trainer process cannot be started ({error.strerror or error}).") from error
        return self._wait_for(slot, trainer)

    def _wait_for(self, slot: int, trainer: TrainerProcess) -> TrainerProcess:
        """Wait until the trainer of a slot is warm, and return it.

        Raises:
            TrainerLost: If it ends in its warm-up.
        """
        with self._lock:
            self._running[slot] = trainer
        if self._closing.is_set():
            # `close` may have read the running trainers before this one was added.
            trainer.kill()
        try:
            seconds = trainer.wait_until_ready()
        except TrainerLost:
            trainer.kill()
            raise
        logger.info("Trainer %d is warm after %.1f s.", trainer.pid, seconds)
        return trainer

    def _note_ready(self, slot: int) -> None:
        with self._lock:
            self._num_starting -= 1
            self._slots[slot].is_ready = True
            self._slots[slot].error = None
        self._on_change()

    def _pause_after_failure(self, slot: int, reason: str) -> None:
        if self._closing.is_set():
            return
        with self._lock:
            state = self._slots[slot]
            state.is_ready = False
            state.num_failed += 1
            state.error = reason
            state.failed_at = time.monotonic()
            delay = restart_delay(state.num_failed)
        logger.error("%s Another is started in %g s.", reason, delay)
        self._on_change()
        self._closing.wait(delay)

    def wait_until_warm(self, timeout_seconds: float) -> bool:
        """Wait until at least one trainer is ready; for tests and start-up messages."""
        deadline = time.monotonic() + timeout_seconds
        while self.num_idle == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.num_idle > 0
