"""From what a client asks for to a checked spec."""

from dataclasses import dataclass
from typing import Any

from api.schemas.runs import SpecRequest
from core.errors import InvalidSpec, Problem
from core.presets import get_preset
from core.settings import Settings
from core.spec_report import SpecReport, check_spec
from core.specs.experiment import ExperimentSpec
from core.specs.merging import apply_overrides
from core.specs.parsing import parse_spec


@dataclass(frozen=True, slots=True)
class SettledSpec:
    """A spec that may be run.

    Attributes:
        preset: Name of the preset it came from, if it did.
        report: What it says when it is worked out.
    """

    spec: ExperimentSpec
    preset: str | None
    report: SpecReport

    def as_json(self) -> dict[str, Any]:
        """The normalised form, with every default filled in."""
        return self.spec.model_dump(mode="json")


def settle_spec(request: SpecRequest, settings: Settings) -> SettledSpec:
    """Fill a request in to a whole spec, and hold it against the limits.

    Raises:
        UnknownPreset: If there is no such preset or variant, naming the nearest known one.
        InvalidSpec: If it can not be trained as it stands; pointers lead into what was sent.
        OverLimit: If it asks for more than the settings allow.
    """
    if request.spec is not None:
        spec, place = request.spec, "/spec"
    else:
        preset = get_preset(request.preset or "")
        # What an override leaves wrong is the override's fault: presets and variants are checked when they are loaded.
        place = "/overrides"
        spec = parse_spec(apply_overrides(preset.spec_json(request.variant), request.overrides), place)
    try:
        report = check_spec(spec, settings)
    except InvalidSpec as error:
        raise _moved(error, place) from error
    return SettledSpec(spec=spec, preset=request.preset, report=report)


def _moved(error: InvalidSpec, place: str) -> InvalidSpec:
    """The same error with pointers that lead into the body, not into the spec."""
    problems = [Problem(place + problem.pointer, problem.detail, problem.code) for problem in error.problems]
    return type(error)(error.detail, problems)
