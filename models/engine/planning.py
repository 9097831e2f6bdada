"""What the engine is told besides the fit itself, to plan it."""

from dataclasses import dataclass, field

from models.engine.plan_cache import PlanCache

SMALL_STEP_FLOPS = 20_000_000


@dataclass(frozen=True, slots=True)
class Planning:
    """What plans are chosen by.

    Attributes:
        network: What the network is, in a word that is the same whenever timings would be.
        flops_per_step: Floating-point operations of one step, forward and backward, roughly.
        cache: What earlier runs found.
    """

    network: str = ""
    flops_per_step: int = 0
    cache: PlanCache = field(default_factory=lambda: PlanCache(None))

    @property
    def has_small_steps(self) -> bool:
        """Whether what is done around the arithmetic of a step weighs more than the arithmetic."""
        return self.flops_per_step < SMALL_STEP_FLOPS
