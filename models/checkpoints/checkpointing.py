"""The checkpoints of one training: where it goes on from, when it writes, and what is the best."""

import math
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

from core.checkpoints import CHECKPOINT, SavedState
from core.errors import CheckpointUnusable
from models.checkpoints.file import read_checkpoint, write_checkpoint
from models.checkpoints.pace import CheckpointPace
from models.checkpoints.state import Resumable, State
from models.reporting import Reporter


class Checkpointing:
    """Saves the parts of a training as one state, and restores them from the checkpoint that it goes on from.

    Args:
        identity: What all attempts at the training share, such as the id of the run; a file belongs to one identity.
        spec_key: Key of everything in the spec on which the state depends. A checkpoint with another one is refused.
        folder: Existing directory for new checkpoints; None to write none.
        resume_from: Checkpoint to go on from; None for the start.
        pace: When a checkpoint is due.
    """

    def __init__(
        self, identity: str, spec_key: str, folder: Path | None, resume_from: Path | None, pace: CheckpointPace
    ) -> None:
        self._identity = identity
        self._spec_key = spec_key
        self._folder = folder
        self._pace = pace
        self._saved: State | None = None if resume_from is None else self._read(resume_from)
        self._best: float | None = None if self._saved is None else self._saved["best"]
        # Without a step there is nothing to save.
        self._last_step = 0 if self._saved is None else int(self._saved["step"])

    @property
    def environment(self) -> Mapping[str, Any]:
        """Return what the writer of the checkpoint noted about itself, such as its plan; empty from the start."""
        return {} if self._saved is None else self._saved["environment"]

    def restore(self, parts: Mapping[str, Resumable]) -> int:
        """Restore the parts of the training.

        Returns:
            The step to go on from; 0 for the start.

        Raises:
            CheckpointUnusable: If the checkpoint has other parts.
        """
        if self._saved is None:
            return 0
        saved, self._saved = self._saved, None
        if saved["parts"].keys() != parts.keys():
            raise CheckpointUnusable(
                f"The checkpoint has the parts {', '.join(saved['parts'])}; expected {', '.join(parts)}."
            )
        for name, part in parts.items():
            part.load_state(saved["parts"][name])
        return int(saved["step"])

    def is_due(self, step: int, *, ends_epoch: bool) -> bool:
        """Return whether a checkpoint is due after a step."""
        return self._folder is not None and step > self._last_step and self._pace.is_due(ends_epoch=ends_epoch)

    def save(
        self,
        step: int,
        epoch: int,
        parts: Mapping[str, Resumable],
        environment: Mapping[str, Any],
        reporter: Reporter,
        score: "Score | None" = None,
    ) -> None:
        """Write a checkpoint and report it, unless there is one of this step. A full disk does not fail the run.

        All points up to the step have been reported.

        Args:
            step: Training steps taken.
            epoch: Epochs finished.
            parts: Parts of the training.
            environment: What a later attempt needs to know before it restores the parts.
            reporter: Receives the checkpoint.
            score: Value by which it is compared with others; None if none was measured with these weights.
        """
        if self._folder is None or step <= self._last_step:
            return
        started = perf_counter()
        is_best = score is not None and score.is_better_than(self._best)
        if is_best and score is not None:
            self._best = score.value
        path = self._folder / f"{step}-{CHECKPOINT}"
        state = {
            "identity": self._identity,
            "spec": self._spec_key,
            "step": step,
            "epoch": epoch,
            "best": self._best,
            "environment": dict(environment),
            "parts": {name: part.save_state() for name, part in parts.items()},
        }
        try:
            write_checkpoint(path, state)
        except OSError as error:
            self._pace.took(perf_counter() - started)
            reporter.checkpoint_failed(f"{error.strerror or error}")
            return
        self._last_step = step
        self._pace.took(perf_counter() - started)
        reporter.checkpoint(
            SavedState(
                path=path,
                step=step,
                epoch=epoch,
                monitor=None if score is None else score.monitor,
                value=None if score is None else score.value,
                is_best=is_best,
            )
        )

    def _read(self, path: Path) -> State:
        saved = read_checkpoint(path)
        if saved["spec"] != self._spec_key:
            raise CheckpointUnusable("The checkpoint is of another spec: network, data, optimizer or seed differ.")
        return saved


class Score:
    """Value of a metric by which checkpoints are compared.

    Args:
        monitor: Name of the metric, such as `val_loss`.
        value: Its value.
        is_rising: Whether higher is better.
    """

    def __init__(self, monitor: str, value: float, *, is_rising: bool) -> None:
        self.monitor = monitor
        self.value = value
        self._is_rising = is_rising

    def is_better_than(self, best: float | None) -> bool:
        """Return whether the value is better than the best so far."""
        if math.isnan(self.value):
            return False
        return best is None or (self.value > best if self._is_rising else self.value < best)
