"""Length of a fit in steps, epochs and passes over the data, and early stopping."""

from dataclasses import dataclass
from math import ceil

from core.errors import reject_spec
from core.specs.training import Training


@dataclass(frozen=True, slots=True)
class FitLength:
    """Length of a fit. A pass takes every training sample once; an epoch is a pass unless the spec sets its steps.

    Attributes:
        num_samples: Number of training samples.
        batch_size: Number of samples in a step; the last step of a pass takes the rest.
        steps_per_pass: Number of steps in a pass.
        steps_per_epoch: Number of steps in an epoch. If it is not `steps_per_pass`, passes follow one another
            regardless of epochs, as with `Dataset.repeat()`.
        num_steps: Total number of steps; 0 if the network is only evaluated.
    """

    num_samples: int
    batch_size: int
    steps_per_pass: int
    steps_per_epoch: int
    num_steps: int

    @property
    def num_epochs(self) -> int:
        """Number of epochs; the last may be shorter."""
        return ceil(self.num_steps / self.steps_per_epoch)

    def epoch_end(self, epoch: int) -> int:
        """Return the number of steps at the end of this epoch, counted from 1."""
        return min(epoch * self.steps_per_epoch, self.num_steps)


def measure_length(training: Training, num_samples: int) -> FitLength:
    """Compute the length of a training on this many samples."""
    batch_size = num_samples if training.batch_size == "full" else min(training.batch_size, num_samples)
    steps_per_pass = ceil(num_samples / batch_size)
    steps_per_epoch = training.steps_per_epoch or steps_per_pass
    num_epochs = training.num_epochs_asked
    num_steps = (training.steps or 0) if num_epochs is None else num_epochs * steps_per_epoch
    return FitLength(num_samples, batch_size, steps_per_pass, steps_per_epoch, num_steps)


def locate_length(training: Training) -> tuple[str, str]:
    """Find the field of a spec that sets the length of its training.

    Returns:
        Its JSON Pointer, and advice for a shorter fit.
    """
    if training.steps is not None:
        return "/training/steps", "Lower steps."
    if training.steps_per_epoch is None:
        return "/training/epochs", "Lower epochs, or raise batch_size for fewer steps."
    field = "steps_per_epoch" if training.epochs is None else "epochs"
    return f"/training/{field}", "Lower epochs or steps_per_epoch."


def check_early_stopping(training: Training, *, has_validation: bool) -> None:
    """Check that the metric that early stopping monitors is measured.

    Raises:
        InvalidSpec: If it is not; the message names the metrics that are.
    """
    stopping = training.early_stopping
    if stopping is None:
        return
    problem = ""
    if stopping.watches_validation and not has_validation:
        problem = "but there are no validation samples. Set dataset.split.validation, or monitor 'loss'."
    elif stopping.measure not in (known := {"loss", *training.metrics}):
        problem = f"but this run measures {', '.join(sorted(known))}. Monitor one of them."
    if problem:
        reject_spec(
            "/training/early_stopping/monitor",
            f"early_stopping monitors '{stopping.monitor}', {problem}",
            "nothing_to_monitor",
        )
