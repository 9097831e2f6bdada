"""What is told of how a fit was computed."""

from collections.abc import Mapping
from typing import Any

from models.fit.pacing import Speed
from models.fit.plans.plan import Planning
from models.fit.plans.planner import Choice
from models.runtime import measure_peak_flops, peak_memory_bytes

SIGNIFICANT_DIGITS = 4


def describe_choice(choice: Choice | None, batch_size: int) -> dict[str, Any]:
    """The plan, why it was taken, and what others would have taken; None where there are no steps to plan."""
    if choice is None:
        return {"plan": "none", "reason": "there are no steps to take", "batch_size": batch_size, "tried": {}}
    description: dict[str, Any] = {
        "plan": choice.plan.name,
        "reason": choice.reason.value,
        "batch_size": batch_size,
        "tried": {
            name: _rounded({"compile_seconds": timing.compile_seconds, "step_seconds": timing.step_seconds})
            for name, timing in choice.tried.items()
        },
    }
    if choice.failed:
        description["failed"] = choice.failed
    return description


def describe_speed(speed: Speed, planning: Planning) -> dict[str, Any]:
    """How fast the steps went, and how near that came to what this machine can do."""
    flops = planning.flops_per_step * speed.steps_per_second
    peak = measure_peak_flops()
    return _rounded(
        {
            "steps_per_second": speed.steps_per_second,
            "samples_per_second": speed.samples_per_second,
            "flops_per_step": planning.flops_per_step,
            "flops_per_second": flops,
            "peak_flops_per_second": peak,
            "share_of_peak": flops / peak,
            "peak_memory_bytes": peak_memory_bytes(),
        }
    )


def _rounded(numbers: Mapping[str, float]) -> dict[str, float]:
    return {
        name: number if isinstance(number, int) else float(f"{number:.{SIGNIFICANT_DIGITS}g}")
        for name, number in numbers.items()
    }
