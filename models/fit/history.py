"""History of a fit: its curves and its progress."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from core.checks.length import FitLength
from core.checks.recording import limit_points
from core.progress import Phase, Progress
from core.specs.training import Training
from models.checkpoints.state import State
from models.fit.curves import Curve, Outbox
from models.fit.meter import Values
from models.reporting import Reporter

Steps = npt.NDArray[np.int_]


class History:
    """Collects measured values and reports them.

    The curves are `train/…` by step, `epoch/train/…` and `epoch/validation/…` by epoch, and `test/…`, a single point.

    Args:
        names: Names of loss and metrics.
        recorded: Names of the recorded statistics of each step.
        length: Length of the fit.
        training: How often the samples are validated, and how many points curves have.
        reporter: Receives progress and points of curves.

    Attributes:
        first_step: Steps that earlier attempts have taken.
    """

    def __init__(
        self,
        names: Sequence[str],
        recorded: Sequence[str],
        length: FitLength,
        training: Training,
        reporter: Reporter,
    ) -> None:
        self.first_step = 0
        self._length = length
        self._outbox = Outbox(reporter)
        max_points = limit_points(training)
        self._by_step = Curve("train", names, length.num_steps, self._outbox, max_points)
        max_recorded = limit_points(training, len(recorded))
        self._recorded = Curve("train", recorded, length.num_steps, self._outbox, max_recorded)
        self._num_names = len(names)
        self._by_epoch = Curve("epoch/train", names, length.num_epochs, self._outbox, max_points)
        num_validations = length.num_epochs // training.validation_freq
        self._validations = Curve("epoch/validation", names, num_validations, self._outbox, max_points)
        self._test = Curve("test", names, 1, self._outbox, max_points)
        self._curves = (self._by_step, self._recorded, self._by_epoch, self._validations, self._test)

    @property
    def last(self) -> dict[str, float]:
        """Last value of each curve that has one, by its key."""
        return {key: value for curve in self._curves for key, value in curve.last.items()}

    def add_steps(self, first: int, values: Values, epoch_values: Values) -> None:
        """Add the values of some steps.

        Args:
            first: Number of the first step, counted from 1.
            values: (steps, names + recorded), values of each step.
            epoch_values: (steps, names), values of the epoch up to and including each step.
        """
        steps = np.arange(first, first + len(values))
        ends_epoch = (steps % self._length.steps_per_epoch == 0) | (steps == self._length.num_steps)
        self._by_step.add(steps, values[:, : self._num_names])
        self._recorded.add(steps, values[:, self._num_names :])
        self._by_epoch.add(steps[ends_epoch], epoch_values[ends_epoch])

    def add_untrained(self, values: Values) -> None:
        """Add the values of the training samples in a fit without steps: (names,)."""
        self._by_epoch.add(np.array([0]), values[None])

    def add_validation(self, step: int, values: Values) -> None:
        """Add the values of the validation samples after this step: (names,)."""
        self._validations.add(np.array([step]), values[None])

    def add_test(self, step: int, values: Values) -> None:
        """Add the values of the test samples: (names,)."""
        self._test.add(np.array([step]), values[None])

    def report(self, step: int, phase: Phase = Phase.TRAIN, *, at_once: bool = False) -> None:
        """Report new points, and the progress up to this step.

        Several calls within a moment are reported together, unless `at_once` is set.
        """
        length = self._length
        epoch = length.num_epochs if step == length.num_steps else step // length.steps_per_epoch
        self._outbox.set_progress(
            Progress(phase, epoch, length.num_epochs, step, length.num_steps, length.steps_per_epoch, self.first_step)
        )
        if at_once:
            self._outbox.send()
        else:
            self._outbox.send_if_due()

    def flush(self) -> None:
        """Report everything that is to be reported at this step."""
        self._outbox.send()

    def save_state(self) -> State:
        """Return the state of all curves."""
        return {"curves": [curve.save_state() for curve in self._curves]}

    def load_state(self, state: State) -> None:
        """Go on with the curves where others were."""
        for curve, saved in zip(self._curves, state["curves"], strict=True):
            curve.load_state(saved)

    def finish(self) -> None:
        """Report everything, including the last point of each curve."""
        for curve in self._curves:
            curve.finish()
        self._outbox.send()
