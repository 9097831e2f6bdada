"""Specs: the presets of the catalogue, and the check of a spec."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from trainyard import documents
from trainyard.errors import InvalidArgument
from trainyard.notices import Notice, read_notices
from trainyard.operation import Operation, encode

PresetOrSpec = str | Mapping[str, Any]
"""A preset's name, or a whole spec."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A spec that is ready to run.

    Attributes:
        name: Name to submit.
        title: Description in a few words.
        teaches: Lesson of the preset.
        published: The figure a run should reproduce, as it was published.
        spec: The spec itself.
        document: All of the answer, as it came.
    """

    name: str
    title: str
    teaches: str
    published: str
    spec: Mapping[str, Any]
    document: documents.PresetEntry

    @classmethod
    def from_json(cls, body: documents.PresetEntry) -> Self:
        """Read an item of `/v1/presets`."""
        return cls(
            name=str(body["name"]),
            title=str(body.get("title") or ""),
            teaches=str(body.get("teaches") or ""),
            published=as_text(body.get("published")),
            spec=body.get("spec") or {},
            document=body,
        )


@dataclass(frozen=True, slots=True)
class Layer:
    """One row of a layer table; `output_shape` starts with None, the size of the batch."""

    name: str
    type: str
    output_shape: tuple[int | None, ...]
    num_parameters: int


@dataclass(frozen=True, slots=True)
class SpecReport:
    """Description of a spec that can be trained.

    Attributes:
        spec: The spec with every default filled in.
        layers: The network, layer by layer.
        num_parameters: Of all layers.
        num_trainable_parameters: Those that training changes by their gradients; not those of frozen layers.
        flops_per_step: Floating-point operations of one training step, by estimate.
        memory_bytes: Memory training needs, by estimate.
        num_steps: Training steps over all epochs.
        warnings: Legal parts that are probably mistakes.
        document: All of the answer, as it came.
    """

    spec: Mapping[str, Any]
    layers: tuple[Layer, ...]
    num_parameters: int
    num_trainable_parameters: int
    flops_per_step: float
    memory_bytes: float
    num_steps: int
    warnings: tuple[Notice, ...]
    document: documents.SpecReport

    @classmethod
    def from_json(cls, body: documents.SpecReport) -> Self:
        """Read the answer of `/v1/specs:validate`."""
        layers = tuple(
            Layer(
                name=str(layer["name"]),
                type=str(layer.get("type") or ""),
                output_shape=tuple(layer.get("output_shape") or ()),
                num_parameters=int(layer.get("num_parameters") or 0),
            )
            for layer in body["layers"]
        )
        return cls(
            spec=body.get("spec") or {},
            layers=layers,
            num_parameters=int(body.get("num_parameters") or 0),
            num_trainable_parameters=int(body.get("num_trainable_parameters", body.get("num_parameters")) or 0),
            flops_per_step=float(body.get("flops_per_step") or 0),
            memory_bytes=float(body.get("memory_bytes") or 0),
            num_steps=int(body.get("num_steps") or 0),
            warnings=read_notices(body.get("warnings")),
            document=body,
        )


def list_presets() -> Operation[list[Preset]]:
    """Fetch the catalogue."""
    return Operation("GET", "/v1/presets", lambda answer: answer.read_list(Preset))


def get_preset(name: str) -> Operation[Preset]:
    """Fetch one preset."""
    return Operation("GET", f"/v1/presets/{encode(name)}", lambda answer: answer.read_one(Preset))


def validate(
    preset_or_spec: PresetOrSpec, *, variant: str | None, overrides: Mapping[str, Any] | None
) -> Operation[SpecReport]:
    """Check a spec and describe its network; see `Client.validate`."""
    body = spec_body(preset_or_spec, variant=variant, overrides=overrides)
    return Operation("POST", "/v1/specs:validate", lambda answer: answer.read_one(SpecReport), body=body)


def spec_body(
    preset_or_spec: PresetOrSpec, *, variant: str | None, overrides: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return the body that names a preset with its changes, or holds a whole spec.

    Raises:
        InvalidArgument: If it is neither, or a spec with changes.
    """
    if isinstance(preset_or_spec, str):
        body: dict[str, Any] = {"preset": preset_or_spec}
        if variant is not None:
            body["variant"] = variant
        if overrides:
            body["overrides"] = dict(overrides)
        return body
    if not isinstance(preset_or_spec, Mapping):
        raise InvalidArgument(
            f"Expected a preset's name or a spec as a dict; got a {type(preset_or_spec).__name__}. "
            "Such as: submit('binary-adder')."
        )
    if overrides or variant is not None:
        raise InvalidArgument("Variants and overrides change a preset. Change the spec itself before sending it.")
    return {"spec": dict(preset_or_spec)}


def as_text(value: Any) -> str:
    """Return a text, a mapping in words, nothing for None."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {part}" for key, part in value.items())
    return "" if value is None else str(value)
