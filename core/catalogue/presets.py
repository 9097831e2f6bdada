"""Presets: specs that are ready to run, one JSON file each in presets/."""

import json
from functools import cache
from importlib.resources import files
from operator import attrgetter
from typing import Annotated, Any

from pydantic import Field

from core.catalogue.figures import Figure, NumSeeds, PublishedTime
from core.errors import UnknownPreset, nearest
from core.experiment import ExperimentSpec, ModelName, parse_spec
from core.specs.base import PositiveFloat, SpecModel
from core.specs.merging import apply_overrides
from core.specs.parsing import parse_as


class Preset(SpecModel):
    """A spec that is ready to run, with its expected results."""

    name: ModelName
    title: str
    teaches: str
    """Lesson of the preset."""
    published: str
    """Figure of the course material, in words."""
    figures: tuple[Figure, ...] = ()
    """The figure as bounds; a run within all of them has reproduced it."""
    published_time: PublishedTime | None = None
    num_seeds: NumSeeds = 1
    """Number of seeds of a reproduction, the spec's own and the following ones, to show their effect."""
    chart: str = "train/loss"
    """Key of the curve that compares the variants best."""
    expected_seconds: PositiveFloat
    """Time to train on two CPU cores, roughly."""
    spec: ExperimentSpec
    variants: Annotated[dict[str, dict[str, Any]], Field(default_factory=dict)]
    """Variants to try: the merge patch on the spec by name."""

    def spec_json(self, variant: str | None = None) -> dict[str, Any]:
        """Return the spec as written, without defaults, with the patch of a variant if one is named.

        Overrides apply to this form, so that one that changes the optimizer does not keep arguments of the old one.

        Raises:
            UnknownPreset: If the preset has no variant of this name.
        """
        spec = self.spec.model_dump(mode="json", exclude_unset=True)
        return spec if variant is None else dict(apply_overrides(spec, self.variant(variant)))

    def variant(self, name: str) -> dict[str, Any]:
        """Return the merge patch of a variant.

        Raises:
            UnknownPreset: If the preset has no variant of this name.
        """
        if name not in self.variants:
            raise UnknownPreset(f"'{self.name}' has no variant '{name}'.{nearest(name, list(self.variants))}")
        return self.variants[name]


@cache
def list_presets() -> tuple[Preset, ...]:
    """Return every preset, sorted by name."""
    entries = [entry for entry in files("presets").iterdir() if entry.name.endswith(".json")]
    presets = (_read(json.loads(entry.read_text(encoding="utf-8"))) for entry in entries)
    return tuple(sorted(presets, key=attrgetter("name")))


def _read(document: Any) -> Preset:
    preset = parse_as(Preset, document)
    for variant in preset.variants:
        parse_spec(preset.spec_json(variant))
    for figure in preset.figures:
        for name in figure.variants:
            if name is not None:
                preset.variant(name)
    return preset


def get_preset(name: str) -> Preset:
    """Return the preset of this name.

    Raises:
        UnknownPreset: If there is none; names the nearest.
    """
    by_name = {preset.name: preset for preset in list_presets()}
    if name not in by_name:
        raise UnknownPreset(f"There is no preset '{name}'.{nearest(name, list(by_name))}")
    return by_name[name]
