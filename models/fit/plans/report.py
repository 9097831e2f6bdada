"""Report of the execution of a fit."""

from core.run_report import EngineReport, PlanTiming
from models.fit.pacing import Speed
from models.fit.plans.plan import Planning
from models.fit.plans.planner import Choice
from models.runtime import measure_peak_flops, peak_memory_bytes

SIGNIFICANT_DIGITS = 4


def describe_choice(choice: Choice | None, batch_size: int) -> EngineReport:
    """Describe the chosen plan, the reason and the timings of others; `choice` is None in a fit without steps."""
    if choice is None:
        return EngineReport(plan="none", reason="there are no steps to take", batch_size=batch_size)
    return EngineReport(
        plan=choice.plan.name,
        reason=choice.reason.value,
        batch_size=batch_size,
        tried={
            name: PlanTiming(
                compile_seconds=_rounded(timing.compile_seconds), step_seconds=_rounded(timing.step_seconds)
            )
            for name, timing in choice.tried.items()
        },
        failed=choice.failed or None,
    )


def add_speed(engine: EngineReport, speed: Speed, planning: Planning) -> EngineReport:
    """Add the speed of the steps to the report, and its share of the peak of this machine."""
    flops = planning.flops_per_step * speed.steps_per_second
    peak = measure_peak_flops()
    return EngineReport(
        plan=engine.plan,
        reason=engine.reason,
        batch_size=engine.batch_size,
        tried=engine.tried,
        failed=engine.failed,
        steps_per_second=_rounded(speed.steps_per_second),
        samples_per_second=_rounded(speed.samples_per_second),
        flops_per_step=planning.flops_per_step,
        flops_per_second=_rounded(flops),
        peak_flops_per_second=_rounded(peak),
        share_of_peak=_rounded(flops / peak),
        peak_memory_bytes=peak_memory_bytes(),
    )


def _rounded(number: float) -> float:
    return float(f"{number:.{SIGNIFICANT_DIGITS}g}")
