"""Spec of an experiment: everything that is needed to reproduce a training."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from core.datasets.dataset import Dataset
from core.networks.network import Network
from core.specs.base import NonNegativeInt, SpecModel
from core.specs.initial_weights import InitialWeights, WeightsOfRun
from core.specs.parsing import parse_as
from core.specs.training import Training
from core.specs.weights import NumbersByLayer

NAME_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,63}$"

ModelName = Annotated[str, Field(pattern=NAME_PATTERN, examples=["iris-mlp"])]
"""At most 64 lower-case letters, digits, dots, dashes and underscores."""


EXAMPLE: dict[str, Any] = {
    "name": "iris-mlp",
    "dataset": {"name": "iris"},
    "model": {"kind": "mlp", "layers": [{"units": 8, "activation": "relu"}, {"units": 3, "activation": "softmax"}]},
    "training": {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", "epochs": 10},
}


class ExperimentSpec(SpecModel):
    """Spec of an experiment: dataset, network and training."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    name: ModelName
    """Name of the model under which a succeeded run registers a version."""
    dataset: Dataset
    model: Network
    initial_weights: InitialWeights = Field(default_factory=dict, examples=[{"dense": {"bias": [0, 0, 1]}}])
    """Initial weights by the name of the layer, as a dry run lists it, and of the weight, such as `kernel` or `bias`;
    or those of another run: `{"run": "0192f4a0-…"}`. All others come from their initializers."""
    training: Training
    seed: NonNegativeInt = 0
    """Seed of splits, initial weights, the order of samples, dropout and noise."""

    @property
    def given_weights(self) -> NumbersByLayer:
        """Initial weights that are numbers, by layer and name."""
        given = self.initial_weights
        return given.numbers if isinstance(given, WeightsOfRun) else given

    @property
    def source_weights(self) -> WeightsOfRun | None:
        """The run whose weights the network starts from; None for none."""
        given = self.initial_weights
        return given if isinstance(given, WeightsOfRun) else None


def parse_spec(value: Any, pointer: str = "") -> ExperimentSpec:
    """Validate parsed JSON as a spec.

    Args:
        value: Parsed JSON.
        pointer: JSON Pointer to `value` in the request; a prefix of the pointer of each problem.

    Raises:
        InvalidSpec: If the spec is invalid; has a problem for each mistake.
    """
    return parse_as(ExperimentSpec, value, pointer)
