"""History of a fit: all that it has measured, by curve, and how far it has come."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from core.checks.length import FitLength
from core.metrics import Phase, Progress
from models.fit.curves import MAX_POINTS, Curve, Outbox
from models.fit.meter import Values
from models.reporting import Reporter

Steps = npt.NDArray[np.int_]

MAX_RECORDED_POINTS = 200_000
"""Points that are kept of all that is recorded inside the network: many curves are thinned more than few."""


class History:
    """Takes values as they are measured and reports them.

    The curves are `train/…` by step, `epoch/train/…` and `epoch/validation/…` by epoch, and `test/…`, a single point.

    Args:
        names: Loss and metrics.
        recorded: What is recorded of each step besides.
        length: Of the fit.
        validation_freq: Epochs from one validation to the next.
        reporter: Takes them.
    """

    def __init__(
        self,
        names: Sequence[str],
        recorded: Sequence[str],
        length: FitLength,
        validation_freq: int,
        reporter: Reporter,
    ) -> None:
        self._length = length
        self._outbox = Outbox(reporter)
        self._by_step = Curve("train", names, length.num_steps, self._outbox)
        max_points = min(MAX_POINTS, MAX_RECORDED_POINTS // max(1, len(recorded)))
        self._recorded = Curve("train", recorded, length.num_steps, self._outbox, max_points)
        self._num_names = len(names)
        self._by_epoch = Curve("epoch/train", names, length.num_epochs, self._outbox)
        num_validations = length.num_epochs // validation_freq
        self._validations = Curve("epoch/validation", names, num_validations, self._outbox)
        self._test = Curve("test", names, 1, self._outbox)
        self._curves = (self._by_step, self._recorded, self._by_epoch, self._validations, self._test)

    @property
    def last(self) -> dict[str, float]:
        """The last value of every curve that has one, by its key."""
        return {key: value for curve in self._curves for key, value in curve.last.items()}

    def add_steps(self, first: int, values: Values, epoch_values: Values) -> None:
        """Take the values of some steps.

        Args:
            first: Number of the first one, counted from 1.
            values: (steps, names + recorded), of each step.
            epoch_values: (steps, names), of its epoch up to and including it.
        """
        steps = np.arange(first, first + len(values))
        ends_epoch = (steps % self._length.steps_per_epoch == 0) | (steps == self._length.num_steps)
        self._by_step.add(steps, values[:, : self._num_names])
        self._recorded.add(steps, values[:, self._num_names :])
        self._by_epoch.add(steps[ends_epoch], epoch_values[ends_epoch])

    def add_untrained(self, values: Values) -> None:
        """Take what the training samples gave before any step, where none is taken: (names,)."""
        self._by_epoch.add(np.array([0]), values[None])

    def add_validation(self, step: int, values: Values) -> None:
        """Take what the validation samples gave after this step: (names,)."""
        self._validations.add(np.array([step]), values[None])

    def add_test(self, step: int, values: Values) -> None:
        """Take what the test samples gave: (names,)."""
        self._test.add(np.array([step]), values[None])

    def report(self, step: int, phase: Phase = Phase.TRAIN, *, at_once: bool = False) -> None:
        """Report what has come in, and that so many steps are done.

        Several calls in a moment are reported as one, unless it is to be reported at once.
        """
        length = self._length
        epoch = length.num_epochs if step == length.num_steps else step // length.steps_per_epoch
        self._outbox.set_progress(Progress(phase, epoch, length.num_epochs, step, length.num_steps))
        if at_once:
            self._outbox.send()
        else:
            self._outbox.send_if_due()

    def finish(self) -> None:
        """Report everything, the last point of every curve included."""
        for curve in self._curves:
            curve.finish()
        self._outbox.send()
