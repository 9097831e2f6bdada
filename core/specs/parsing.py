"""From JSON values to a spec, or to a list of everything that is wrong with them."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from core.errors import InvalidSpec, Problem, json_pointer
from core.specs.base import NUM_LISTED
from core.specs.experiment import ExperimentSpec
from core.specs.json_depth import check_depth
from core.specs.locations import steps_into_value
from core.specs.wording import join_alternatives, tell

Model = TypeVar("Model", bound=BaseModel)


def parse_spec(value: Any, pointer: str = "") -> ExperimentSpec:
    """Read a spec from parsed JSON.

    Args:
        value: What a JSON parser returned.
        pointer: Where `value` stands in what the client sent, put in front of each problem's pointer.

    Raises:
        InvalidSpec: With a problem for each mistake.
    """
    return parse_as(ExperimentSpec, value, pointer)


def parse_as(model: type[Model], value: Any, pointer: str = "") -> Model:
    """Read a pydantic model from parsed JSON, telling mistakes as this project does.

    Raises:
        InvalidSpec: With a problem for each mistake.
    """
    check_depth(value, pointer)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        problems = find_problems(model, error, value, pointer)
        raise InvalidSpec(problems[0].detail if len(problems) == 1 else _summary(problems), problems) from error


def find_problems(model: type[BaseModel], error: ValidationError, value: Any, pointer: str = "") -> tuple[Problem, ...]:
    """Tell pydantic's errors as problems, one for each place in `value`."""
    entries = error.errors(include_url=False, include_input=True)
    found: dict[str, Problem] = {}
    for entry in entries:
        place = pointer + _pointer(model, entry, value)
        if entry["type"] == "too_short" and _holds_other(entry, entries):
            continue  # pydantic counts only the items that were right.
        if place not in found and len(found) == NUM_LISTED:
            break
        detail = tell(entry)
        known = found.get(place)
        if known is None:
            found[place] = Problem(pointer=place, detail=detail, code=entry["type"])
        elif detail not in known.detail:
            # The members of a union each say what they would have taken.
            found[place] = Problem(pointer=place, detail=join_alternatives(known.detail, detail), code=known.code)
    return tuple(found.values())


def _holds_other(entry: Any, entries: list[Any]) -> bool:
    length = len(entry["loc"])
    return any(len(other["loc"]) > length and other["loc"][:length] == entry["loc"] for other in entries)


def _pointer(model: type[BaseModel], entry: Any, value: Any) -> str:
    """A JSON Pointer (RFC 6901) to the place in `value` that an error is about."""
    steps = steps_into_value(model, entry["loc"])
    if entry["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        steps = (*steps, str(entry["ctx"]["discriminator"]).strip("'"))
    pointer = ""
    current = value
    for position, step in enumerate(steps):
        if isinstance(current, list | tuple) and isinstance(step, int) and step < len(current):
            current = current[step]
        elif isinstance(current, dict) and step in current:
            current = current[step]
        elif not (isinstance(current, dict) and position == len(steps) - 1):
            # A short form, such as a name alone for an object, has no places within; an absent field has its own.
            break
        pointer += json_pointer(step)
    return pointer


def _summary(problems: tuple[Problem, ...]) -> str:
    number = f"{len(problems)} or more" if len(problems) == NUM_LISTED else str(len(problems))
    return f"{number} things are wrong; the first, at {problems[0].pointer or 'the top'}: {problems[0].detail}"
