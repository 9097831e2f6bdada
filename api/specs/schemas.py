"""Bodies about specs."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from api.http.schemas import AnswerModel
from core.experiment import ExperimentSpec
from core.specs.base import SpecModel


class SpecRequest(SpecModel):
    """A spec, or a preset with changes."""

    spec: ExperimentSpec | None = None
    """The whole spec; or else:"""
    preset: Annotated[str, Field(max_length=200)] | None = None
    """Name of a ready spec, see GET /v1/presets."""
    variant: Annotated[str, Field(max_length=200)] | None = None
    """Name of one of the preset's variants; left out, it is the preset as it stands."""
    overrides: Annotated[dict[str, Any], Field(default_factory=dict)]
    """A JSON Merge Patch (RFC 7396) on the preset's spec, after the variant's."""

    @model_validator(mode="after")
    def _one_origin(self) -> "SpecRequest":
        if (self.spec is None) == (self.preset is None):
            raise ValueError("Give either 'spec' or 'preset'")
        if self.spec is not None and self.variant is not None:
            raise ValueError("variant names a try of a preset; a whole spec has none")
        if self.spec is not None and self.overrides:
            raise ValueError("overrides change a preset; change the spec itself instead")
        return self


class Layer(AnswerModel):
    """A layer of a network."""

    name: str
    type: str
    output_shape: list[int | None]
    """Batch axis first; null is any size."""
    num_parameters: int
    flops: int
    """Floating-point operations of one sample's forward pass, roughly."""


class SpecReport(AnswerModel):
    """What a spec says when it is worked out."""

    spec: dict[str, Any]
    """With every default filled in."""
    layers: list[Layer]
    expanded_model: dict[str, Any] | None
    """For a network known by a name, the same layer by layer: a `model` to copy into a spec and change. Else null."""
    num_parameters: int
    num_train: int
    num_validation: int
    num_test: int
    batch_size: int
    steps_per_epoch: int
    num_epochs: int
    num_steps: int
    flops_per_step: int
    memory_bytes: int
    """Memory a trainer will need, roughly."""
    warnings: list[str]
