"""The catalogue of specs that are ready to run."""

from typing import Annotated

from fastapi import APIRouter
from fastapi import Path as PathParameter

from api.auth.access import READ
from api.openapi.operations import answers
from api.presets import examples
from api.presets.schemas import PresetEntry, PresetList
from api.runs.examples import UNKNOWN_PRESET
from core.catalogue.presets import Preset, get_preset, list_presets

router = APIRouter(prefix="/v1/presets", tags=["presets"])

PresetName = Annotated[str, PathParameter(description="Name of a preset.", examples=["iris-keras"])]


@router.get(
    "",
    name="list_presets",
    summary="List the presets",
    dependencies=[READ],
    responses=answers({"items": [examples.PRESET]}, uses_database=False),
)
def list_all_presets() -> PresetList:
    """Specs that can be run as they stand, with the figure that each should reproduce and what to try next."""
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
