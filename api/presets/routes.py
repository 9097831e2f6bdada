"""Routes for presets."""

from typing import Annotated, Any

from fastapi import Path as PathParameter

from api.auth.access import READ
from api.http.schemas import AnswerModel
from api.openapi.operations import UNKNOWN_PRESET, Resource, answers
from api.presets import examples
from core.catalogue.figures import Figure, PublishedTime
from core.catalogue.presets import Preset, get_preset, list_presets


class PresetEntry(AnswerModel):
    """Spec that is ready to run, and its expected results."""

    name: str
    title: str
    teaches: str
    published: str
    """Result that a run should reproduce, in words."""
    figures: list[Figure]
    """The same as bounds on metrics and predictions; a run within all bounds has reproduced the result."""
    published_time: PublishedTime | None
    """Duration of the published run, if known."""
    num_seeds: int
    """Number of seeds of a reproduction."""
    chart: str
    """Key of the metric that compares the variants best."""
    expected_seconds: float
    """Approximate time to train on two CPU cores."""
    spec: dict[str, Any]
    """Spec without defaults."""
    variants: dict[str, dict[str, Any]]
    """Variants: a name to send as `variant`, and its merge patch on the spec."""


class PresetList(AnswerModel):
    """The catalogue."""

    items: list[PresetEntry]


router = Resource("presets", "The catalogue of specs that are ready to run.", prefix="/v1/presets")

PresetName = Annotated[str, PathParameter(description="Name of a preset.", examples=["iris-keras"])]


@router.get(
    "",
    name="list_presets",
    summary="List the presets",
    dependencies=[READ],
    responses=answers({"items": [examples.PRESET]}, uses_database=False),
)
def list_all_presets() -> PresetList:
    """Return specs that are ready to run, with their expected results and variants."""
    return PresetList(items=[_describe(preset) for preset in list_presets()])


@router.get(
    "/{name}",
    name="get_preset",
    summary="Show a preset",
    dependencies=[READ],
    responses=answers(examples.PRESET, UNKNOWN_PRESET, uses_database=False),
)
def get_one_preset(name: PresetName) -> PresetEntry:
    """One preset."""
    return _describe(get_preset(name))


def _describe(preset: Preset) -> PresetEntry:
    return PresetEntry(
        name=preset.name,
        title=preset.title,
        teaches=preset.teaches,
        published=preset.published,
        figures=list(preset.figures),
        published_time=preset.published_time,
        num_seeds=preset.num_seeds,
        chart=preset.chart,
        expected_seconds=preset.expected_seconds,
        spec=preset.spec_json(),
        variants=preset.variants,
    )
