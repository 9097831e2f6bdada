"""The catalogue: ready specs in presets/, one JSON file each."""

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
    """A spec that is ready to run, and what to expect of it."""

    name: ModelName
    title: str
    teaches: str
    """What a reader learns from running it."""
    published: str
    """The figure the course material gives, in words."""
    figures: tuple[Figure, ...] = ()
    """The same as bounds: a run that keeps within all of them has reproduced it."""
    published_time: PublishedTime | None = None
    num_seeds: NumSeeds = 1
    """How many seeds, the spec's own and those after it, a reproduction trains on to see what the draw does."""
    chart: str = "train/loss"
    """Key of the curve that compares the variants best."""
    expected_seconds: PositiveFloat
    """Time to train on two CPU cores, roughly."""
    spec: ExperimentSpec
    variants: Annotated[dict[str, dict[str, Any]], Field(default_factory=dict)]
    """What to try: a name and the merge patch on the spec for each."""

    def spec_json(self, variant: str | None = None) -> dict[str, Any]:
        """The spec as it was written, defaults left out, with the patch of a variant if one is named.

        Overrides apply to this form: an override that changes the optimizer then does not meet the arguments
        of the old one.

        Raises:
            UnknownPreset: If the preset has no variant of this name.
        """
        spec = self.spec.model_dump(mode="json", exclude_unset=True)
        return spec if variant is None else dict(apply_overrides(spec, self.variant(variant)))

    def variant(self, name: str) -> dict[str, Any]:
        """The merge patch of a variant.

        Raises:
            UnknownPreset: If the preset has no variant of this name.
        """
        if name not in self.variants:
            raise UnknownPreset(f"'{self.name}' has no variant '{name}'.{nearest(name, list(self.variants))}")
        return self.variants[name]


@cache
def list_presets() -> tuple[Preset, ...]:
    """Every preset, by name."""
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
    """The preset of this name.

    Raises:
        UnknownPreset: Naming the nearest known one.
    """
    by_name = {preset.name: preset for preset in list_presets()}
    if name not in by_name:
        raise UnknownPreset(f"There is no preset '{name}'.{nearest(name, list(by_name))}")
    return by_name[name]
