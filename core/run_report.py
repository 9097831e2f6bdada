"""What a run leaves to be read: why it failed, how it was computed, and with which libraries.

Trainer, worker, database and API hand these on to each other as they are.
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from core.errors import Problem

Environment = dict[str, str | int]
"""Versions of libraries by name, the seed, and the number of threads."""


@dataclass(frozen=True, slots=True)
class RunError:
    """Why a run failed.

    Attributes:
        code: A stable word for programs, as of the errors in core/errors.py.
        detail: What happened and what to do, for people.
        attempt: Number of the attempt that ended so; None where none was made.
        problems: What is wrong with the spec or the data, one by one, where that is known.
    """

    code: str
    detail: str = ""
    attempt: int | None = None
    # Runs that failed before revision 0005 have them as `errors`.
    problems: Annotated[tuple[Problem, ...], Field(validation_alias=AliasChoices("problems", "errors"))] = ()


def _is_none(value: object) -> bool:
    return value is None


class PlanTiming(BaseModel):
    """What a plan took when it was tried."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    compile_seconds: float
    step_seconds: float


class EngineReport(BaseModel):
    """How the steps of a run were computed. What is not known, or not known yet, is left out."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    plan: str
    """The way of computing that was taken; `none` where there were no steps."""
    reason: str | None = Field(None, exclude_if=_is_none)
    """Why that one."""
    batch_size: int | None = Field(None, exclude_if=_is_none)
    tried: dict[str, PlanTiming] = Field(default_factory=dict)
    """What plans took, by name, in this run or an earlier one."""
    failed: dict[str, str] | None = Field(None, exclude_if=_is_none)
    """Plans that cannot be used here, and why."""
    steps_per_second: float | None = Field(None, exclude_if=_is_none)
    samples_per_second: float | None = Field(None, exclude_if=_is_none)
    flops_per_step: int | None = Field(None, exclude_if=_is_none)
    flops_per_second: float | None = Field(None, exclude_if=_is_none)
    peak_flops_per_second: float | None = Field(None, exclude_if=_is_none)
    """What large matrix products reach on the same device."""
    share_of_peak: float | None = Field(None, exclude_if=_is_none)
    peak_memory_bytes: int | None = Field(None, exclude_if=_is_none)
