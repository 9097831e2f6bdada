"""The reports of a trainer that are not stored yet."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.checkpoints import Checkpoint
from core.notices import Notice
from core.progress import MetricBatch, Phase, Progress
from worker.messages import DetailsReport
from worker.spool import Spool


@dataclass(frozen=True, slots=True)
class Reports:
    """Reports that are stored in one transaction.

    Attributes:
        progress: The latest; None if it is stored.
        details: Device, environment, engine and warnings as far as they are new; None if nothing is.
        batches: New points of curves.
        checkpoints: Checkpoints in the artifact store, all points up to which are stored or in `batches`.
    """

    progress: Progress | None
    details: DetailsReport | None
    batches: Sequence[MetricBatch]
    checkpoints: Sequence[Checkpoint] = ()


class Inbox:
    """Collects reports until they are stored. Only the thread that watches the trainer uses it.

    Args:
        spool: Keeps the points.
        checkpoint: Checkpoint that the attempt goes on from; None for the start.

    Attributes:
        is_urgent: True if a report came that people wait for: the first points, another phase, a detail of the run.
    """

    def __init__(self, spool: Spool, checkpoint: Checkpoint | None = None) -> None:
        self._spool = spool
        self._progress: Progress | None = None
        # The number of steps is known once the data are loaded.
        self._latest = Progress(Phase.START, epoch=0, num_epochs=0, step=0, num_steps=0)
        if checkpoint is not None:
            step = checkpoint.step
            self._latest = replace(self._latest, epoch=checkpoint.epoch, step=step, first_step=step)
        self._checkpoints: list[Checkpoint] = []
        self._details: DetailsReport | None = None
        self._trainers_warnings: tuple[Notice, ...] = ()
        self._told: tuple[Notice, ...] = ()
        self._own_warnings: dict[str, Notice] = {}
        self._has_had_points = False
        self.is_urgent = False

    @property
    def has_any(self) -> bool:
        """Return True if a report is not stored yet."""
        return self._progress is not None or self._details is not None or self.num_points > 0 or bool(self._checkpoints)

    @property
    def num_points(self) -> int:
        """Return the number of points that are not stored yet."""
        return self._spool.num_waiting

    def note_phase(self, phase: Phase) -> None:
        """Add the phase that has begun."""
        self.is_urgent = True
        self.note_progress(replace(self._latest, phase=phase))

    def note_progress(self, progress: Progress) -> None:
        """Add the progress."""
        self._progress = self._latest = progress

    def note_metrics(self, batches: Sequence[MetricBatch]) -> None:
        """Add points of curves."""
        self.is_urgent = self.is_urgent or not self._has_had_points
        self._has_had_points = True
        self._spool.add(batches)

    def note_details(self, details: DetailsReport) -> None:
        """Add the device, environment, engine and warnings; None keeps a known value."""
        self.is_urgent = True
        if details.warnings is not None:
            self._trainers_warnings = details.warnings
        self._details = _join(self._details, details)

    def note_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Add a checkpoint whose file is in the artifact store; all points up to its step have been added."""
        self.is_urgent = True
        self._checkpoints.append(checkpoint)

    def warn(self, notice: Notice) -> None:
        """Add a warning of the supervisor, in place of an earlier one with the same code."""
        self._own_warnings[notice.code] = notice

    def take(self) -> Reports:
        """Remove and return the reports to store next, of the points the oldest."""
        batches = self._spool.take()
        if self._spool.notice is not None:
            self.warn(self._spool.notice)
        own = tuple(self._own_warnings.values())
        if own != self._told:
            self._told = own
            self.note_details(DetailsReport(warnings=self._trainers_warnings))
        details = self._details
        if details is not None and details.warnings is not None:
            details = details.model_copy(update={"warnings": (*self._trainers_warnings, *own)})
        # A checkpoint counts once all points before it are stored.
        checkpoints = () if self._spool.num_waiting else tuple(self._checkpoints)
        taken = Reports(self._progress, details, batches, checkpoints)
        self._progress, self._details = None, None
        self._checkpoints = self._checkpoints[len(checkpoints) :]
        self.is_urgent = False
        return taken

    def put_back(self, reports: Reports) -> None:
        """Put reports back that were taken last but could not be stored; later ones win over them."""
        self._spool.put_back(reports.batches)
        self._checkpoints = [*reports.checkpoints, *self._checkpoints]
        self._progress = self._progress or reports.progress
        if reports.details is not None:
            self._details = _join(reports.details, self._details or DetailsReport())


def _join(known: DetailsReport | None, new: DetailsReport) -> DetailsReport:
    if known is None:
        return new
    return DetailsReport(
        device=new.device or known.device,
        environment=new.environment or known.environment,
        engine=new.engine or known.engine,
        warnings=known.warnings if new.warnings is None else new.warnings,
    )
