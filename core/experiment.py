"""The experiment spec: everything needed to reproduce the training of a network."""

from typing import Annotated, Any

from pydantic import Field

from core.datasets.dataset import Dataset
from core.networks.network import Network
from core.specs.base import SpecModel
from core.specs.parsing import parse_as
from core.specs.training import Training
from core.specs.weights import InitialWeights

NAME_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,63}$"

ModelName = Annotated[str, Field(pattern=NAME_PATTERN)]
"""Lower-case letters, digits, dots, dashes and underscores; at most 64."""


class ExperimentSpec(SpecModel):
    """A network, its dataset and its training."""

    name: ModelName
    """Name of the model that a succeeded run registers a version of."""
    dataset: Dataset
    model: Network
    initial_weights: InitialWeights = Field(default_factory=dict)
    """First weights by the name of the layer, as a dry run lists it, and of the weight: `kernel`, `bias`, … . Other
    weights start as their initializer says."""
    training: Training
    seed: Annotated[int, Field(ge=0, lt=2**31, strict=True)] = 0
    """Seed of splits, first weights, the order of samples, dropout and noise."""


def parse_spec(value: Any, pointer: str = "") -> ExperimentSpec:
    """Validate a spec from parsed JSON.

    Args:
        value: Value that a JSON parser returned.
        pointer: JSON Pointer to `value` in the client's request, prepended to the pointer of each problem.

    Raises:
        InvalidSpec: If the spec is invalid; has a problem for each mistake.
    """
    return parse_as(ExperimentSpec, value, pointer)
