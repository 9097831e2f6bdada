"""Length of a fit, in steps, epochs and passes over the data, and what may end it early."""

from dataclasses import dataclass
from math import ceil

from core.errors import reject_spec
from core.specs.training import Training


@dataclass(frozen=True, slots=True)
class FitLength:
    """Sizes of a fit. A pass takes every training sample once; an epoch is a pass unless the spec says otherwise.

    Attributes:
        num_samples: Training samples.
        batch_size: Samples in a step; the last step of a pass takes what is left.
        steps_per_pass: Steps that take every sample once.
        steps_per_epoch: Steps after which an epoch is counted. Where it is not `steps_per_pass`, passes follow one
            another without regard to epochs, as batches of an endlessly repeated dataset do.
        num_steps: Steps in all; 0 where the network is only measured.
    """

    num_samples: int
    batch_size: int
    steps_per_pass: int
    steps_per_epoch: int
    num_steps: int

    @property
    def num_epochs(self) -> int:
        """Epochs in all, the last one possibly cut short."""
        return ceil(self.num_steps / self.steps_per_epoch)

    def epoch_end(self, epoch: int) -> int:
        """Steps taken when this epoch, counted from 1, is over."""
        return min(epoch * self.steps_per_epoch, self.num_steps)


def measure_length(training: Training, num_samples: int) -> FitLength:
    """Work out how long a spec trains on this many samples."""
    batch_size = num_samples if training.batch_size == "full" else min(training.batch_size, num_samples)
    steps_per_pass = ceil(num_samples / batch_size)
    steps_per_epoch = training.steps_per_epoch or steps_per_pass
    num_epochs = training.num_epochs_asked
    num_steps = (training.steps or 0) if num_epochs is None else num_epochs * steps_per_epoch
    return FitLength(num_samples, batch_size, steps_per_pass, steps_per_epoch, num_steps)


def locate_length(training: Training) -> tuple[str, str]:
    """Find the field of a spec that says how long it trains.

    Returns:
        The pointer to it, and what to change for a shorter fit.
    """
    if training.steps is not None:
        return "/training/steps", "Lower steps."
    if training.steps_per_epoch is None:
        return "/training/epochs", "Lower epochs, or raise batch_size for fewer steps."
    field = "steps_per_epoch" if training.epochs is None else "epochs"
    return f"/training/{field}", "Lower epochs or steps_per_epoch."


def check_early_stopping(training: Training, *, has_validation: bool) -> None:
    """Check that what early stopping watches is measured.

    Raises:
        InvalidSpec: If it is not, naming what is.
    """
    stopping = training.early_stopping
    if stopping is None:
        return
    problem = ""
    if stopping.watches_validation and not has_validation:
        problem = "but no samples are held out for validation. Set dataset.split.validation, or watch 'loss'."
    elif stopping.measure not in (known := {"loss", *training.metrics}):
        problem = f"but this run measures {', '.join(sorted(known))}."
    if problem:
        reject_spec(
            "/training/early_stopping/monitor",
            f"early_stopping watches '{stopping.monitor}', {problem}",
            "nothing_to_monitor",
        )
