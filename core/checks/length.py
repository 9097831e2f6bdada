"""How long a fit is, in steps, epochs and passes over the data."""

from dataclasses import dataclass
from math import ceil

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
