"""Request and response bodies of specs."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field, model_validator

from api.http.schemas import AnswerModel, NoticeEntry
from core.experiment import ExperimentSpec
from core.specs.base import SpecModel


class SpecRequest(SpecModel):
    """Spec, or a preset with changes."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"preset": "iris-keras"}]})

    spec: ExperimentSpec | None = None
    """Whole spec; or else a `preset`."""
    preset: Annotated[str, Field(max_length=200, examples=["iris-keras"])] | None = None
    """Name of a preset, see GET /v1/presets."""
    variant: Annotated[str, Field(max_length=200, examples=["gru"])] | None = None
    """Name of a variant of the preset; null: the preset unchanged."""
    overrides: Annotated[dict[str, Any], Field(default_factory=dict, examples=[{"training": {"epochs": 3}}])]
    """JSON Merge Patch (RFC 7396) on the preset's spec, applied after the variant's."""

    @model_validator(mode="after")
    def _one_origin(self) -> "SpecRequest":
        if (self.spec is None) == (self.preset is None):
            raise ValueError("Give either 'spec' or 'preset'")
        if self.spec is not None and self.variant is not None:
            raise ValueError("variant needs a preset; a whole spec has no variants")
        if self.spec is not None and self.overrides:
            raise ValueError("overrides need a preset; change the spec itself instead")
        return self


class Layer(AnswerModel):
    """Layer of a network."""

    name: str
    type: str
    output_shape: list[int | None]
    """Shape with the batch axis first; null is any size."""
    num_parameters: int
    num_trainable_parameters: int
    """Weights that training changes by their gradients; 0 for a frozen layer."""
    flops: int
    """Approximate floating-point operations of the forward pass of one sample."""


class SpecReport(AnswerModel):
    """Report on a valid spec."""

    spec: dict[str, Any]
    """Spec with all defaults."""
    layers: list[Layer]
    expanded_model: dict[str, Any] | None
    """For a named architecture, an equivalent `model` with a list of layers, to copy and change; else null."""
    num_parameters: int
    num_trainable_parameters: int
    """Without those of `training.frozen_layers`, and the moving means and variances of batch normalisation."""
    num_train: int
    num_validation: int
    num_test: int
    batch_size: int
    steps_per_epoch: int
    num_epochs: int
    num_steps: int
    flops_per_step: int
    memory_bytes: int
    """Approximate memory that a trainer needs."""
    warnings: list[NoticeEntry]
    """Probable mistakes in a valid spec; a run of it carries them too."""
