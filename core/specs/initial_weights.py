"""Initial weights of a spec: numbers, or the weights that another run has learned."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Discriminator, Field, Tag, model_validator

from core.specs.base import SpecModel
from core.specs.layer_names import LayerNames
from core.specs.weights import NumbersByLayer


class WeightsOfRun(SpecModel):
    """Weights that another run has learned: layers start from those of the same name in its network."""

    run: Annotated[UUID, Field(examples=["0192f4a0-7c1e-7d3b-9a55-0242ac120002"])]
    """Id of a run that has succeeded."""
    sha256: Annotated[str | None, Field(pattern=r"^[0-9a-f]{64}$")] = None
    """Hash of its `model.keras`; filled in when a run is submitted."""
    layers: Annotated[LayerNames, Field(min_length=1)] | None = None
    """Layers that start from its weights, `conv2d_*` for all whose names begin so; the others start from their
    initializers. Null for every layer with weights but `new_layers`: it is an error if one of them does not have the
    same name and shapes there."""
    new_layers: LayerNames = ()
    """Layers that start from their initializers, such as a new head; instead of `layers`."""
    numbers: NumbersByLayer = Field(default_factory=dict, examples=[{"dense_2": {"bias": [0, 0, 1]}}])
    """Numbers for weights of layers that do not start from those of the run."""

    @model_validator(mode="after")
    def _one_choice(self) -> "WeightsOfRun":
        if self.layers is not None and self.new_layers:
            raise ValueError("Expected layers or new_layers; got both. Remove one")
        for field, names in (("layers", self.layers or ()), ("new_layers", self.new_layers)):
            if len(set(names)) != len(names):
                raise ValueError(f"A layer is named twice in {field}. Name it once")
        return self


def _form(value: Any) -> str:
    """Return the form that a value is most probably meant to have: the layers of numbers are objects."""
    if isinstance(value, WeightsOfRun):
        return "of_run"
    is_of_run = isinstance(value, dict) and (
        any(isinstance(part, str) for part in value.values()) or not value.keys().isdisjoint(WeightsOfRun.model_fields)
    )
    return "of_run" if is_of_run else "by_layer"


InitialWeights = Annotated[
    Annotated[NumbersByLayer, Tag("by_layer")] | Annotated[WeightsOfRun, Tag("of_run")], Discriminator(_form)
]
