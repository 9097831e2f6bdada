"""Bodies about checked specs."""

from typing import Any

from api.http.schemas import AnswerModel


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
