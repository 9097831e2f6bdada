"""Order to a measuring process, and its measurement."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

Side = Literal["stock", "engine"]

NUM_THREADS = 2
"""Threads per operation, on both sides."""


@dataclass(frozen=True, slots=True)
class Order:
    """Order to a measuring process.

    Attributes:
        side: Stock `Model.fit`, or this project's engine.
        spec: Spec as JSON.
        datasets_dir: Folder of datasets that are files, each in a folder of its name.
        cache_dir: Folder for plans; TF_XLA_FLAGS sets the folder of XLA's programs.
    """

    side: Side
    spec: dict[str, Any]
    datasets_dir: str
    cache_dir: str | None = None

    def to_json(self) -> str:
        """Return one line of JSON."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class Measurement:
    """Measurement of one process.

    Attributes:
        seconds: Time from creating the optimizer to trained weights.
        num_steps: Training steps.
        loss: Loss of the last epoch; shows that both sides trained.
        device: Device of the computation.
        cpu_seconds: Processor time of all threads in these seconds; it depends less on what else the machine does.
        plan: Execution plan; empty for stock Keras.
        reason: Reason for the plan.
    """

    seconds: float
    num_steps: int
    loss: float
    device: str
    cpu_seconds: float
    plan: str = ""
    reason: str = ""

    def to_json(self) -> str:
        """Return one line of JSON."""
        return json.dumps(asdict(self))


def read_order(line: str) -> Order:
    """Parse the output of `Order.to_json`."""
    return Order(**json.loads(line))


def read_measurement(line: str) -> Measurement:
    """Parse the output of `Measurement.to_json`."""
    return Measurement(**json.loads(line))
