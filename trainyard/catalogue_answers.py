"""What the service knows besides runs: presets, checked specs, datasets and predictions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Preset:
    """A spec that can be run as it stands.

    Attributes:
        name: What to ask for.
        title: What it is, in a few words.
        teaches: What a reader learns from running it.
        published: The figure a run should reproduce, as it was published.
        spec: The spec itself.
        document: All of the answer, as it came.
    """

    name: str
    title: str
    teaches: str
    published: str
    spec: Mapping[str, Any]
    document: Mapping[str, Any]

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """Read an item of `/v1/presets`."""
        return cls(
            name=str(body["name"]),
            title=str(body.get("title") or ""),
            teaches=str(body.get("teaches") or ""),
            published=_as_text(body.get("published")),
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
    """What the service says about a spec that could be run.

    Attributes:
        spec: The spec with every default filled in.
        layers: The network, layer by layer.
        num_parameters: Of all layers.
        flops_per_step: Floating-point operations of one training step, by estimate.
        memory_bytes: Memory training needs, by estimate.
        num_steps: Training steps over all epochs.
        warnings: What is legal but probably not meant.
        document: All of the answer, as it came.
    """

    spec: Mapping[str, Any]
    layers: tuple[Layer, ...]
    num_parameters: int
    flops_per_step: float
    memory_bytes: float
    num_steps: int
    warnings: tuple[str, ...]
    document: Mapping[str, Any]

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
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
            flops_per_step=float(body.get("flops_per_step") or 0),
            memory_bytes=float(body.get("memory_bytes") or 0),
            num_steps=int(body.get("num_steps") or 0),
            warnings=tuple(_as_text(warning) for warning in body.get("warnings") or ()),
            document=body,
        )


@dataclass(frozen=True, slots=True)
class Dataset:
    """Data the service can train on, as it describes it; `document` is all of the answer."""

    name: str
    document: Mapping[str, Any]

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """Read an item of `/v1/datasets`."""
        return cls(name=str(body["name"]), document=body)


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    """What was uploaded under a name, and what was found in it.

    Attributes:
        summary: How much it is, in a few words.
        warnings: What people should look at.
        example_spec: A spec that can be trained as it stands; empty where there is none.
        is_new: Whether the upload that this answers made the version; True for one that was only looked at.
        document: All of the answer, as it came.
    """

    name: str
    version: int
    kind: str
    format: str
    summary: str
    sha256: str
    num_bytes: int
    warnings: tuple[str, ...]
    example_spec: Mapping[str, Any]
    is_new: bool
    document: Mapping[str, Any]

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """Read the answer of `/v1/datasets/{name}/versions/{version}`."""
        return cls(
            name=str(body["name"]),
            version=int(body["version"]),
            kind=str(body["kind"]),
            format=str(body["format"]),
            summary=str(body["summary"]),
            sha256=str(body["sha256"]),
            num_bytes=int(body["num_bytes"]),
            warnings=tuple(map(_as_text, body.get("warnings") or ())),
            example_spec=body.get("example_spec") or {},
            is_new=bool(body.get("is_new", True)),
            document={name: value for name, value in body.items() if name != "is_new"},
        )


@dataclass(frozen=True, slots=True)
class Predictions:
    """The answers of one model version, one for each row, in order.

    A row's answer is numbers for a plain model, and an object for a friendly one: `{"sum", "bits", "probabilities"}` of
    a binary adder, `{"label", "class", "probabilities"}` of a classifier, with `scores` where its outputs are no
    probabilities.
    """

    model: str
    version: str | None
    rows: tuple[Any, ...]


def _as_text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {part}" for key, part in value.items())
    return "" if value is None else str(value)
