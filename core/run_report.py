"""Reports of a run: its error, its training engine and its environment.

Trainer, worker, database and API pass these on unchanged.
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from core.errors import Problem

Environment = dict[str, str | int]
"""Versions of libraries by name, the seed, and the number of threads."""


@dataclass(frozen=True, slots=True)
class RunError:
    """Error of a failed run.

    Attributes:
        code: A stable word for programs, as of the errors in core/errors.py.
        detail: What happened and what to do, for people.
        attempt: Number of the attempt that failed; None if there was none.
        problems: Mistakes in the spec or the data, if known.
    """

    code: str
    detail: str = ""
    attempt: int | None = None
    # Runs that failed before revision 0005 store them as `errors`.
    problems: Annotated[tuple[Problem, ...], Field(validation_alias=AliasChoices("problems", "errors"))] = ()


def _is_none(value: object) -> bool:
    return value is None


class PlanTiming(BaseModel):
    """Times of a plan in its trial."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    compile_seconds: float
    step_seconds: float


class EngineReport(BaseModel):
    """Report of the training engine of a run. Fields that are not known, or not known yet, are left out."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    plan: str
    """Plan that computed the steps; `none` if there were no steps."""
    reason: str | None = Field(None, exclude_if=_is_none)
    """Reason for the choice of the plan."""
    batch_size: int | None = Field(None, exclude_if=_is_none)
    tried: dict[str, PlanTiming] = Field(default_factory=dict)
    """Times of plans by name, measured in this run or an earlier one."""
    failed: dict[str, str] | None = Field(None, exclude_if=_is_none)
    """Plans that cannot be used here, with the reason."""
    steps_per_second: float | None = Field(None, exclude_if=_is_none)
    samples_per_second: float | None = Field(None, exclude_if=_is_none)
    flops_per_step: int | None = Field(None, exclude_if=_is_none)
    flops_per_second: float | None = Field(None, exclude_if=_is_none)
    peak_flops_per_second: float | None = Field(None, exclude_if=_is_none)
    """Rate of large matrix products on the same device."""
    share_of_peak: float | None = Field(None, exclude_if=_is_none)
    peak_memory_bytes: int | None = Field(None, exclude_if=_is_none)
