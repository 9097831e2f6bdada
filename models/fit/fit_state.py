"""Place of a fit between two steps."""

from dataclasses import asdict, dataclass, field

from models.checkpoints.state import State
from models.fit import meter
from models.fit.pacing import Speed
from models.runtime import tf


@dataclass(slots=True)
class FitState:
    """Place of a fit, besides its weights and curves.

    Attributes:
        step: Number of steps taken.
        running: State of the meter for the current epoch.
        is_epoch_open: True until the epoch of the last step has been validated.
        has_stopped_early: True if early stopping has ended the fit.
        speed: Speed of the steps of all attempts.
    """

    step: int = 0
    running: meter.State = field(default_factory=list)
    is_epoch_open: bool = False
    has_stopped_early: bool = False
    speed: Speed = field(default_factory=Speed)

    def save_state(self) -> State:
        """Return the place as plain data."""
        return {
            "step": self.step,
            "running": [part.numpy() for part in self.running],
            "is_epoch_open": self.is_epoch_open,
            "has_stopped_early": self.has_stopped_early,
            "speed": asdict(self.speed),
        }

    def load_state(self, state: State) -> None:
        """Go on at another place."""
        self.step = state["step"]
        self.running = [tf.constant(part) for part in state["running"]]
        self.is_epoch_open = state["is_epoch_open"]
        self.has_stopped_early = state["has_stopped_early"]
        self.speed = Speed(**state["speed"])
