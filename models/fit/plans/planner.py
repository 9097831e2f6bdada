"""Choosing the plan that will have trained soonest."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from time import perf_counter

from core.checks.length import FitLength
from core.errors import TrainingFailed
from models.fit.ordering import Ordering
from models.fit.plans.cache import PlanCache, Timing
from models.fit.plans.plan import Plan
from models.fit.programs.learning import Learner
from models.fit.programs.program import TrainingProgram
from models.fit.programs.tracing import Snapshot, stable_names, unrolled
from models.runtime import tf

LARGE_SAVED_SHARE, SMALL_SAVED_SHARE, UNROLLED_SAVED_SHARE = 0.1, 0.5, 0.7
"""What XLA can be expected to save of a step's time: 0 to 40 % where arithmetic takes most of it, 50 to 75 % where it
does not, and 70 to 90 % where that is a long row of small operations, as of a recurrent layer written out
(docs/performance.md). Trying it may cost no more than that."""

COMPILE_SECONDS, COMPILE_SECONDS_PER_OPERATION = 0.1, 0.002
"""What XLA takes about, for programs of 160 to 860 operations."""

STEPS_SECONDS = 0.03
"""Long enough to measure which of two plans is faster."""

FASTEST_GROWTH = 64
"""From one timed call to the next."""

DUPLICATE = "duplicate function"
"""What TensorFlow says should another program go by the same name after all."""

UNUSABLE = (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError, tf.errors.InternalError)
"""What XLA raises for a network that it cannot compile."""


class Reason(StrEnum):
    """Why a plan was taken."""

    SPEC = "the spec asks for it"
    ONLY = "no other plan suits this network and data"
    SHORT = "the fit is too short to try another"
    TRIAL = "fastest of those tried"
    CACHE = "fastest of those tried in an earlier run"


@dataclass(frozen=True, slots=True)
class Choice:
    """A plan ready to train.

    Attributes:
        plan: What was taken.
        program: Compiled.
        reason: Why this one.
        tried: What plans took, by name, in this run or an earlier one.
        failed: Plans that cannot be used here, and why.
        trial_seconds: Spent on trying.
    """

    plan: Plan
    program: TrainingProgram
    reason: Reason
    tried: dict[str, Timing]
    failed: dict[str, str]
    trial_seconds: float


class Planner:
    """Compiles plans and times them on the real shapes.

    Trials leave no trace: every variable gets its value back.

    Args:
        make_program: Makes the program of a plan.
        learner: Whose variables a trial changes.
        length: Of the fit.
        ordering: Gives trials their samples.
        cache: What earlier runs found.
        key: Of everything that timings depend on but the length of the fit.
        has_small_steps: Whether a step is little arithmetic.
    """

    def __init__(
        self,
        make_program: Callable[[Plan], TrainingProgram],
        learner: Learner,
        length: FitLength,
        ordering: Ordering,
        cache: PlanCache,
        key: str,
        *,
        has_small_steps: bool,
    ) -> None:
        self._has_small_steps = has_small_steps
        self._make_program = make_program
        self._learner = learner
        self._length = length
        self._ordering = ordering
        self._cache = cache
        self._key = key
        self._tried: dict[str, Timing] = {}
        self._failed: dict[str, str] = {}
        self._ready: dict[str, TrainingProgram] = {}
        self._compile_seconds: dict[str, float] = {}
        self._trial_seconds = 0.0

    def take(self, plan: Plan) -> Choice:
        """Use this plan, whatever others might take.

        Raises:
            TrainingFailed: If it cannot be used for this network.
        """
        return self._choose(plan, Reason.SPEC)

    def choose(self, candidates: list[Plan]) -> Choice:
        """Find the plan with which the fit will be over soonest.

        Args:
            candidates: The first is the one to take where there is nothing to win.
        """
        first, *others = candidates
        if not others:
            return self._choose(first, Reason.ONLY)
        self._tried = self._cache.read(self._key)
        known = set(self._tried)
        if first.name not in known:
            self._try(first, is_enough=lambda timing: not any(self._is_worth_trying(plan, timing) for plan in others))
        for other in others:
            if other.name not in known and self._is_worth_trying(other, self._tried[first.name]):
                try:
                    self._try(other)
                except UNUSABLE as error:
                    self._failed[other.name] = _why_not(other, error)
        reason = Reason.TRIAL
        if set(self._tried) == known:
            reason = Reason.CACHE
        elif len(self._tried) == 1 and not self._failed:
            reason = Reason.SHORT
        else:
            self._cache.write(self._key, self._tried)
        usable = [plan for plan in candidates if plan.name in self._tried]
        choice = self._choose(min(usable, key=self._seconds_left), reason)
        if reason is Reason.CACHE:
            self._correct(choice.plan)
        return choice

    def _choose(self, plan: Plan, reason: Reason) -> Choice:
        if plan.name not in self._ready:
            try:
                self._compile(plan)
            except UNUSABLE as error:
                raise TrainingFailed(f"{_why_not(plan, error)} Leave training.plan at 'auto'.") from error
        # What the plan taken would have cost in any case is no price of the trial.
        trial_seconds = self._trial_seconds - (self._tried[plan.name].compile_seconds if self._trial_seconds else 0.0)
        return Choice(plan, self._ready[plan.name], reason, self._tried, self._failed, max(0.0, trial_seconds))

    def _correct(self, plan: Plan) -> None:
        """Let shorter fits know how soon a program was there that was found compiled."""
        known, seconds = self._tried[plan.name], self._compile_seconds[plan.name]
        if seconds < known.compile_seconds:
            self._cache.write(self._key, self._tried | {plan.name: replace(known, compile_seconds=seconds)})

    def _is_worth_trying(self, plan: Plan, first: Timing) -> bool:
        """Return whether the time that XLA takes to compile can be expected to pay within this fit."""
        cost = COMPILE_SECONDS + COMPILE_SECONDS_PER_OPERATION * first.num_operations
        return cost <= self._saved_share(plan) * first.step_seconds * self._length.num_steps

    def _saved_share(self, plan: Plan) -> float:
        if not self._has_small_steps:
            return LARGE_SAVED_SHARE
        return UNROLLED_SAVED_SHARE if plan.is_unrolled else SMALL_SAVED_SHARE

    def _seconds_left(self, plan: Plan) -> float:
        timing = self._tried[plan.name]
        if plan.name in self._ready:
            return self._length.num_steps * timing.step_seconds
        return timing.seconds(self._length.num_steps)

    def _try(self, plan: Plan, is_enough: Callable[[Timing], bool] = lambda timing: False) -> None:  # noqa: ARG005
        started = perf_counter()
        snapshot = Snapshot(self._learner.variables)
        try:
            self._compile(plan)
            for timing in self._time_steps(plan):
                self._tried[plan.name] = timing
                if is_enough(timing):
                    break
        finally:
            snapshot.restore()
            self._trial_seconds += perf_counter() - started

    def _compile(self, plan: Plan) -> None:
        started = perf_counter()
        program = self._make_program(plan)
        # The room for steps is part of the program.
        key = f"{self._key}\n{plan.name}\n{program.max_steps}"
        with unrolled(self._learner.network, is_unrolled=plan.is_unrolled):
            try:
                with stable_names(key):
                    program.compile()
            except tf.errors.InvalidArgumentError as error:
                if DUPLICATE not in str(error):
                    raise
                program = self._make_program(plan)
                program.compile()
        self._ready[plan.name] = program
        self._compile_seconds[plan.name] = perf_counter() - started

    def _time_steps(self, plan: Plan) -> Iterator[Timing]:
        """Time the plan by longer and longer calls: a step takes at most what a shorter call shows."""
        program = self._ready[plan.name]
        running = self._learner.meter.zero()
        most = min(program.max_steps, self._length.num_steps)
        # The first call pays for what is only done once.
        program.run(self._ordering.steps(0, 1), running)
        amount, seconds = 1, 0.0
        while True:
            order = self._ordering.steps(0, amount)
            started = perf_counter()
            program.run(order, running)
            seconds = perf_counter() - started
            yield Timing(self._compile_seconds[plan.name], seconds / amount, program.num_operations)
            if seconds >= STEPS_SECONDS or amount == most:
                return
            fitting = int(1.25 * STEPS_SECONDS / max(seconds, 1e-9) * amount)
            amount = min(most, max(2 * amount, min(fitting, FASTEST_GROWTH * amount)))


def _why_not(plan: Plan, error: Exception) -> str:
    first_line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return f"The plan '{plan.name}' cannot compute this network: {first_line[:300]}"
