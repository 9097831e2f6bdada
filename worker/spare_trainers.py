"""Spare trainers: processes that have done the slow imports, and wait to take the place of a lost trainer."""

import logging
import threading
import time
from collections.abc import Callable, Mapping

from core.errors import TrainerLost
from worker.restarts import LONGEST_RESTART_DELAY_SECONDS, restart_delay
from worker.trainer_environments import SpareEnvironment
from worker.trainer_process import StartTrainer, TrainerProcess

logger = logging.getLogger("trainyard.worker")

LOOK_SECONDS = 0.5
"""Pause between two looks at the spares."""
SETTLE_SECONDS = 2.0
"""Pause after a spare was taken: the run that its trainer has begun loads its data and compiles first, undisturbed."""


class SpareTrainers:
    """Keeps a number of spare trainers, for all slots of a pool.

    A spare for slots with GPUs holds before it looks for any, so that it takes nothing from the GPU of a running
    trainer; any other is wholly warm.

    Args:
        num_spares: Number of spares; 0 for none.
        environment: Environment variables of a spare.
        start: Starts a process.
        is_starting: Returns True while a slot waits for a trainer of its own; no spare starts meanwhile.
    """

    def __init__(
        self, num_spares: int, environment: SpareEnvironment, start: StartTrainer, is_starting: Callable[[], bool]
    ) -> None:
        self._num_spares = num_spares
        self._environment = environment
        self._start = start
        self._is_starting = is_starting
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._spares: list[TrainerProcess] = []
        self._num_failed = 0
        self._may_start_at = 0.0
        # This thread must live until the pool closes: a trainer dies with the thread that started it.
        self._thread = threading.Thread(target=self._run, name="spare-trainers", daemon=True)

    @property
    def pids(self) -> tuple[int, ...]:
        """Return the process ids of the spares, longest running first."""
        with self._lock:
            return tuple(spare.pid for spare in self._spares)

    def open(self) -> None:
        """Begin to start spares; return at once."""
        if self._num_spares:
            self._thread.start()

    def close(self) -> None:
        """End every spare; no new one starts. Trainers that were spares end with it, too."""
        self._closing.set()
        with self._lock:
            spares, self._spares = self._spares, []
        for spare in spares:
            spare.kill()

    def take(self, environment: Mapping[str, str]) -> TrainerProcess | None:
        """Take a spare for a slot with this environment, warm or about to be; None if there is none.

        Another is started in its place after a while.
        """
        while (spare := self._pop()) is not None:
            try:
                if self._environment.holds:
                    spare.prepare(environment)
            except TrainerLost:
                self._note_death(spare)
            else:
                return spare
        return None

    def _pop(self) -> TrainerProcess | None:
        """Remove and return the spare that has run longest; those that have ended are discarded."""
        self._discard_dead()
        with self._lock:
            if not self._spares:
                return None
            self._num_failed = 0
            self._may_start_at = time.monotonic() + SETTLE_SECONDS
            return self._spares.pop(0)

    def _run(self) -> None:
        while not self._closing.wait(LOOK_SECONDS):
            try:
                self._discard_dead()
                self._start_missing()
            except Exception:
                # If this thread ended, the kernel would end every trainer that it has started.
                logger.exception("A spare trainer could not be started; its next turn may succeed.")
                self._closing.wait(LONGEST_RESTART_DELAY_SECONDS)

    def _discard_dead(self) -> None:
        with self._lock:
            dead = [spare for spare in self._spares if not spare.is_alive]
            self._spares = [spare for spare in self._spares if spare not in dead]
        for spare in dead:
            self._note_death(spare)

    def _start_missing(self) -> None:
        with self._lock:
            is_missing = len(self._spares) < self._num_spares
        if not is_missing or time.monotonic() < self._may_start_at or self._is_starting():
            return
        try:
            spare = self._start(self._environment.variables)
        except OSError as error:
            self._postpone(f"A spare trainer cannot be started ({error.strerror or error}).")
            return
        with self._lock:
            self._spares.append(spare)
        if self._closing.is_set():
            # `close` may have read the spares before this one was added.
            spare.kill()

    def _note_death(self, spare: TrainerProcess) -> None:
        self._postpone(f"Spare trainer {spare.pid} has ended ({spare.describe_end()}).")
        spare.kill()

    def _postpone(self, reason: str) -> None:
        with self._lock:
            self._num_failed += 1
            delay = restart_delay(self._num_failed)
            self._may_start_at = time.monotonic() + delay
        logger.warning("%s Another is started in %g s.", reason, delay)
