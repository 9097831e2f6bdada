"""The experiment spec: everything that is needed to train a network again."""

from typing import Annotated

from pydantic import Field

from core.specs.base import SpecModel
from core.specs.datasets import Dataset
from core.specs.networks import Network
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
