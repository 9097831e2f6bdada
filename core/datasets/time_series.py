"""Windows of a function of time."""

from typing import ClassVar, Literal

from pydantic import model_validator

from core.datasets.base import GeneratedDataset
from core.datasets.function import Function, Sine, check_values
from core.datasets.shape import DatasetShape
from core.datasets.splits import Split, count_split
from core.signatures.signature import InputKind, Task
from core.specs.base import NonNegativeFloat, PositiveFloat, PositiveInt


class TimeSeriesDataset(GeneratedDataset):
    """Windows of a function of time, to forecast its next values.

    A sample is (window, 1) → the value `horizon` steps after the window, or after each of its steps.
    """

    about: ClassVar[str] = "Windows of a function of time, to forecast its next values."

    name: Literal["time_series"]
    function: Function = Sine(type="sine")
    num_points: PositiveInt = 1_000
    time_step: PositiveFloat = 0.1
    noise: NonNegativeFloat = 0.0
    window: PositiveInt = 20
    horizon: PositiveInt = 1
    targets: Literal["last", "every_step"] = "last"
    split: Split = Split()

    @model_validator(mode="after")
    def _check_lengths(self) -> "TimeSeriesDataset":
        if self.function.type == "linear" and len(self.function.weights) != 1:
            raise ValueError("A time series needs a function of one number")
        if self.num_samples < 1:
            raise ValueError(
                f"num_points ({self.num_points}) must exceed window + horizon - 1 ({self.window + self.horizon - 1})"
            )
        check_values(self.function, self.num_points * self.time_step, self.noise)
        return self

    @property
    def num_samples(self) -> int:
        """Number of windows."""
        return self.num_points - self.window - self.horizon + 1

    def own_shape(self) -> DatasetShape:
        """Return the shape of the windows and of the values after them."""
        counts = count_split(self.split, self.num_samples)
        return DatasetShape(
            task=Task.SEQUENCE,
            input_kind=InputKind.TENSOR,
            input_shape=(self.window, 1),
            network_input_shape=(self.window, 1),
            target_shape=(1,) if self.targets == "last" else (self.window, 1),
            num_train=counts.train,
            num_validation=counts.validation,
            num_test=counts.test,
        )

    def sizes_asked(self) -> dict[str, int]:
        """Return the number of points to generate."""
        return {"num_points": self.num_points}
