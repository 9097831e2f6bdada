"""The policy of retries: which errors of an attempt another attempt may not have, and after which pause it begins.

docs/operations.md has the same table, as a test checks.
"""

from dataclasses import dataclass

from core.errors import (
    DatasetMissing,
    NoTrainer,
    PredictorLost,
    StorageRefused,
    StorageUnavailable,
    TrainerLost,
)

LONGEST_PAUSE_SECONDS = 600.0
MAX_DOUBLINGS = 16
"""Most doublings of a pause; the longest one is reached well before."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Retries after one error.

    Attributes:
        reason: Why another attempt may succeed, or cannot.
        max_attempts: Attempts with errors after which the job fails, whatever it was given; None for what it was given.
        pause_seconds: Pause before the second attempt; each further one is twice as long.
        is_first_at_once: True if the second attempt begins at once, and the pauses after that.
        is_dead_letter: True if a job that fails with the error is a dead letter: its spec is not at fault, so a person
            may retry it once the cause is gone.
    """

    reason: str
    max_attempts: int | None = 1
    pause_seconds: float = 0.0
    is_first_at_once: bool = False
    is_dead_letter: bool = False

    @property
    def is_retried(self) -> bool:
        """Return True if another attempt may follow the first."""
        return self.max_attempts != 1

    def has_another(self, num_errors: int, max_attempts: int) -> bool:
        """Return True if another attempt follows.

        Args:
            num_errors: Attempts that have ended with an error, this one included.
            max_attempts: Most of a job.
        """
        return num_errors < min(max_attempts, self.max_attempts or max_attempts)

    def pause_after(self, num_errors: int) -> float:
        """Return the seconds from the end of the attempt with the last error to the next; 0 for at once."""
        num_pauses = max(num_errors, 1) - self.is_first_at_once
        if not num_pauses or not self.pause_seconds:
            return 0.0
        return min(self.pause_seconds * 2.0 ** min(num_pauses - 1, MAX_DOUBLINGS), LONGEST_PAUSE_SECONDS)


_LOST = RetryPolicy(
    "the process was killed or stopped responding, its worker was lost, or it made no progress",
    max_attempts=None,
    pause_seconds=2.0,
    is_first_at_once=True,
    is_dead_letter=True,
)

POLICIES: dict[str, RetryPolicy] = {
    TrainerLost.code: _LOST,
    PredictorLost.code: _LOST,
    "storage_failed": RetryPolicy(
        "the disk was full or broken; space may be freed, and another worker may have some",
        max_attempts=None,
        pause_seconds=30.0,
        is_dead_letter=True,
    ),
    StorageUnavailable.code: RetryPolicy(
        "the store of artifacts and datasets did not answer, for longer than workers wait for it",
        max_attempts=None,
        pause_seconds=60.0,
        is_dead_letter=True,
    ),
    StorageRefused.code: RetryPolicy(
        "the store has no such bucket, or refuses the credentials, until an operator repairs that",
        max_attempts=None,
        pause_seconds=60.0,
        is_dead_letter=True,
    ),
    DatasetMissing.code: RetryPolicy(
        "the files of the dataset are not on this machine; they may be on another, or still be copied",
        max_attempts=None,
        pause_seconds=15.0,
        is_dead_letter=True,
    ),
    "out_of_memory": RetryPolicy(
        "other processes may have had the memory; once more, in a fresh trainer",
        max_attempts=2,
        pause_seconds=10.0,
        is_dead_letter=True,
    ),
    "trainer_error": RetryPolicy(
        "an unexpected error, perhaps of a passing kind; once more, in a fresh trainer",
        max_attempts=2,
        pause_seconds=1.0,
        is_dead_letter=True,
    ),
    NoTrainer.code: RetryPolicy("no worker could start a trainer; nothing was tried", is_dead_letter=True),
}
"""Policies by the code of the error."""

NOT_RETRIED = RetryPolicy("spec, data or limits are at fault, and another attempt would fail the same way")
"""Policy of every other error: of an invalid spec, a loss that is not finite, a time limit, an export that differs."""


def find_policy(code: str) -> RetryPolicy:
    """Return the policy of an error."""
    return POLICIES.get(code, NOT_RETRIED)
