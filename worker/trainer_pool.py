"""Trainers started ahead of need: one slot a device, each with a warm process waiting for a run."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from core.errors import TrainerLost
from core.settings import Settings
from worker.trainer_process import TrainerProcess

logger = logging.getLogger("trainyard.worker")

FIRST_RESTART_DELAY_SECONDS = 1.0
LONGEST_RESTART_DELAY_SECONDS = 60.0

StartTrainer = Callable[[dict[str, str]], TrainerProcess]


class TrainerPool:
    """Keeps one warm trainer in each slot and replaces those that are worn out."""

    def __init__(
        self, settings: Settings, environments: Sequence[dict[str, str]], start: StartTrainer = TrainerProcess
    ) -> None:
        """Prepare slots; `open` starts the processes.

        Args:
            settings: When a trainer is replaced.
            environments: Environment variables for each slot's trainer.
            start: Starts a process; tests give another.
        """
        self._settings = settings
        self._environments = tuple(environments)
        self._start = start
        self._ready: queue.Queue[tuple[int, TrainerProcess]] = queue.Queue()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._num_busy = 0
        self._running: dict[int, TrainerProcess] = {}
        self._worn: list[queue.Queue[None]] = [queue.Queue() for _ in self._environments]

    @property
    def num_slots(self) -> int:
        """How many runs can be trained at once."""
        return len(self._environments)

    @property
    def num_idle(self) -> int:
        """How many warm trainers wait for a run."""
        return self._ready.qsize()

    @property
    def num_busy(self) -> int:
        """How many trainers work on a run."""
        return self._num_busy

    def open(self) -> None:
        """Start a trainer in every slot; returns at once."""
        for slot in range(self.num_slots):
            # This thread lives until the pool closes. It has to: a trainer dies with the thread that started it.
            threading.Thread(target=self._keep_slot_filled, args=(slot,), name=f"slot-{slot}", daemon=True).start()

    def close(self) -> None:
        """End every trainer; no new one starts."""
        self._closing.set()
        with self._lock:
            trainers = list(self._running.values())
        for worn in self._worn:
            worn.put(None)
        for trainer in trainers:
            trainer.kill()

    @contextmanager
    def borrow(self, timeout_seconds: float) -> Iterator[TrainerProcess | None]:
        """A warm trainer for one run, or None if none is ready in time.

        The caller kills a trainer that it no longer trusts; a dead or worn one is replaced afterwards.
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
        delay = FIRST_RESTART_DELAY_SECONDS
        while not self._closing.is_set():
            trainer = self._start(self._environments[slot])
            with self._lock:
                self._running[slot] = trainer
            if self._closing.is_set():
                break
            try:
                seconds = trainer.wait_until_ready()
            except TrainerLost as error:
                if self._closing.is_set():
                    break
                logger.error("%s Another is started in %g s.", error.detail, delay)  # noqa: TRY400 - told in full
                trainer.kill()
                self._closing.wait(delay)
                delay = min(2 * delay, LONGEST_RESTART_DELAY_SECONDS)
                continue
            delay = FIRST_RESTART_DELAY_SECONDS
            logger.info("Trainer %d is warm after %.1f s.", trainer.pid, seconds)
            self._ready.put((slot, trainer))
            self._worn[slot].get()
            trainer.kill()
        with self._lock:
            last = self._running.pop(slot, None)
        if last is not None:
            last.kill()

    def wait_until_warm(self, timeout_seconds: float) -> bool:
        """Wait until at least one trainer is ready; for tests and start-up messages."""
        deadline = time.monotonic() + timeout_seconds
        while self.num_idle == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.num_idle > 0
