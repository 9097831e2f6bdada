"""Files that an attempt needs on this machine: dataset, checkpoint to go on from, weights to start from."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from core.errors import ArtifactCorrupt, CheckpointUnusable
from core.uploads.folder import find_content_key
from db.claims import ClaimedRun
from storage.opening import Storage


@dataclass(frozen=True, slots=True)
class AttemptFiles:
    """Paths of these files.

    Attributes:
        datasets_dir: Folder of datasets, in which that of the run lies.
        checkpoint: Checkpoint to go on from; None for the start.
        weights: Network whose weights the run starts from; None if it starts from none.
    """

    datasets_dir: Path
    checkpoint: Path | None
    weights: Path | None


Answer = TypeVar("Answer")


class Carry(Protocol):
    """Does work with the store, however long it takes, while the lease is renewed."""

    def __call__(self, work: Callable[[], Answer], /) -> Answer:
        """Return the answer of the work."""


def bring_files(claimed: ClaimedRun, storage: Storage, carry: Carry, borrowed: ExitStack) -> AttemptFiles:
    """Bring the files of an attempt to this machine, as far as they are stored elsewhere, and verify them.

    Args:
        claimed: The run.
        storage: Stores of the files.
        carry: Does the work.
        borrowed: Holds the files until the attempt is over.

    Raises:
        CheckpointUnusable: If the checkpoint is missing or damaged.
        ArtifactCorrupt: If another file is.
    """
    key = find_content_key(claimed.spec)
    datasets_dir = carry(lambda: borrowed.enter_context(storage.datasets.borrowed(key)))
    weights = claimed.spec.get("initial_weights", {}).get("sha256")
    return AttemptFiles(
        datasets_dir=datasets_dir,
        checkpoint=_find_checkpoint(claimed, storage, carry),
        weights=carry(lambda: storage.artifacts.verified_path(weights)) if isinstance(weights, str) else None,
    )


def _find_checkpoint(claimed: ClaimedRun, storage: Storage, carry: Carry) -> Path | None:
    if claimed.checkpoint is None:
        return None
    sha256 = claimed.checkpoint.sha256
    try:
        return carry(lambda: storage.artifacts.verified_path(sha256))
    except ArtifactCorrupt as error:
        raise CheckpointUnusable(error.detail) from error
