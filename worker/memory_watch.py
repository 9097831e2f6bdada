"""The limit of a trainer's memory during a run."""

import time

from worker.trainer_process import TrainerProcess

LOOK_SECONDS = 0.5
"""Shortest time between two looks at the memory."""


class MemoryWatch:
    """Watches the resident memory of a trainer.

    Args:
        trainer: The trainer.
        limit_bytes: Most that it may take; 0 for no limit.
    """

    def __init__(self, trainer: TrainerProcess, limit_bytes: int) -> None:
        self._trainer = trainer
        self._limit_bytes = limit_bytes
        self._next_look = time.monotonic()

    def find_excess(self) -> str | None:
        """Return what is wrong if the trainer takes more than it may; None otherwise, and between two looks."""
        if not self._limit_bytes or time.monotonic() < self._next_look:
            return None
        self._next_look = time.monotonic() + LOOK_SECONDS
        taken = self._trainer.memory_bytes()
        if taken <= self._limit_bytes:
            return None
        return (
            f"The trainer took {taken:,} bytes of memory, and a run may take {self._limit_bytes:,} "
            "(TRAINYARD_RUN_MAX_MEMORY_BYTES). Use a smaller batch_size, a smaller network or less data."
        )
