"""Rows of runs that are to be inserted."""

from types import SimpleNamespace

from core.notices import Notice


class QueuedRun(SimpleNamespace):
    """Row of a queued run that is to be inserted, with the attributes of a RunRecord.

    A RunRecord keeps account of each attribute that is set or read, which takes longer than all else for a run.
    """

    @property
    def warnings(self) -> tuple[Notice, ...]:
        """All warnings: those that are known before training."""
        warnings: tuple[Notice, ...] = self.spec_warnings
        return warnings
