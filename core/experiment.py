"""The experiment spec: everything that is needed to train a network again."""

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
    """A network, the data it learns from and how it is trained."""

    name: ModelName
    """Name of the model that a succeeded run registers a version of."""
    dataset: Dataset
    model: Network
    initial_weights: InitialWeights = Field(default_factory=dict)
    """First weights by the layer's name, as a dry run lists it, and the weight's own: `kernel`, `bias`, … . What is not
    named starts as its initializer says."""
    training: Training
    seed: Annotated[int, Field(ge=0, lt=2**31, strict=True)] = 0
    """Decides splits, first weights, the order of samples, dropout and noise."""


def parse_spec(value: Any, pointer: str = "") -> ExperimentSpec:
    """Read a spec from parsed JSON.

    Args:
        value: What a JSON parser returned.
        pointer: Where `value` stands in what the client sent, put in front of each problem's pointer.

    Raises:
        InvalidSpec: With a problem for each mistake.
    """
    return parse_as(ExperimentSpec, value, pointer)
