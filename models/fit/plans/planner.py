"""Choose the plan with the shortest estimated training time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf
from time import perf_counter

from core.checks.length import FitLength
from core.errors import TrainingFailed
from models.fit.ordering import Ordering
from models.fit.plans.cache import PlanCache, Timing
from models.fit.plans.forecast import Forecast
from models.fit.plans.plan import Form, Plan, plan_of
from models.fit.programs.learning import Learner
from models.fit.programs.program import TrainingProgram
from models.fit.programs.tracing import Snapshot, stable_names, unrolled
from models.runtime import tf

STEPS_SECONDS = 0.03
"""Duration of timed steps, long enough to compare two plans."""

STEPS_REPEATS = 3
"""How often they are timed at most, if another plan seems better: other work of the machine only ever adds time."""

FASTEST_GROWTH = 64
"""Most growth from one timed call to the next."""

DUPLICATE = "duplicate function"
"""Part of TensorFlow's error if another program has the same name."""

UNUSABLE = (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError, tf.errors.InternalError)
"""Errors of XLA for a network that it cannot compile."""


class Reason(StrEnum):
    """Reason for the choice of a plan."""

    SPEC = "the spec asks for it"
    ONLY = "no other plan suits this network and data"
    SHORT = "the fit is too short to try another"
    EXPECTED = "expected to be the fastest, and no other is worth trying"
    TRIAL = "fastest of those tried"
    CACHE = "fastest of those tried in an earlier run"
    RESUMED = "the plan of the attempt that it goes on from"


@dataclass(frozen=True, slots=True)
class Choice:
    """A chosen plan, ready to train.

    Attributes:
        plan: Chosen plan.
        program: Its compiled program.
        reason: Reason for the choice.
        tried: Timings of plans by name, from this run or an earlier one.
        failed: Errors of the plans that cannot be used, by name.
        trial_seconds: Seconds spent on trials.
    """

    plan: Plan
    program: TrainingProgram
    reason: Reason
    tried: dict[str, Timing]
    failed: dict[str, str]
    trial_seconds: float


class Planner:
    """Compiles plans and times them on the real shapes.

    All variables are restored after a trial.

    Args:
        make_program: Makes the program of a plan.
        learner: Learner whose variables a trial changes.
        length: Length of the fit.
        ordering: Order of the samples for trials.
        cache: Timings of earlier runs.
        key: Key of everything that timings depend on, except the length of the fit.
        forecast: Expected times of plans that were not tried.
    """

    def __init__(
        self,
        make_program: Callable[[Plan], TrainingProgram],
        learner: Learner,
        length: FitLength,
        ordering: Ordering,
        cache: PlanCache,
        key: str,
        forecast: Forecast,
    ) -> None:
        self._forecast = forecast
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

    def take(self, plan: Plan, reason: Reason = Reason.SPEC) -> Choice:
        """Use this plan without comparing it to others.

        Raises:
            TrainingFailed: If it cannot be used for this network.
        """
        return self._choose(plan, reason)

    def choose(self, candidates: list[Plan]) -> Choice:
        """Choose the plan with the shortest estimated training time.

        Args:
            candidates: Plans to choose from.
        """
        if len(candidates) == 1:
            return self._choose(candidates[0], Reason.ONLY)
        names = {plan.name for plan in candidates}
        self._tried = {name: timing for name, timing in self._cache.read(self._key).items() if name in names}
        known = set(self._tried)
        left = [plan for plan in candidates if plan.name not in known]
        first = None if known else self._forecast.first(candidates, self._length.num_steps)
        plan = first or self._most_promising(left)
        while plan is not None:
            left.remove(plan)
            try:
                self._try(plan, left)
            except UNUSABLE as error:
                if plan.form is not Form.XLA:
                    raise
                self._failed[plan.name] = _why_not(plan, error)
            plan = self._most_promising(left)
        reason = Reason.TRIAL
        if set(self._tried) == known:
            reason = Reason.CACHE
        elif len(self._tried) == 1 and not self._failed:
            reason = Reason.SHORT if first == candidates[0] else Reason.EXPECTED
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
        # The compile time of the chosen plan is not a cost of the trial.
        trial_seconds = self._trial_seconds - (self._tried[plan.name].compile_seconds if self._trial_seconds else 0.0)
        return Choice(plan, self._ready[plan.name], reason, self._tried, self._failed, max(0.0, trial_seconds))

    def _correct(self, plan: Plan) -> None:
        """Update the compile time of an XLA plan in the cache if its program was already compiled."""
        known, seconds = self._tried[plan.name], self._compile_seconds[plan.name]
        if plan.form is Form.XLA and seconds < known.compile_seconds:
            self._cache.write(self._key, self._tried | {plan.name: replace(known, compile_seconds=seconds)})

    def _most_promising(self, plans: list[Plan]) -> Plan | None:
        """Return the plan that is expected to save most, compiling included; None if none saves anything."""
        if not self._tried:
            return plans[0] if plans else None
        num_steps = self._length.num_steps
        expected = {plan: self._forecast.expect(plan, self._tried).seconds(num_steps) for plan in plans}
        least = min(self._seconds_left(plan_of(name)) for name in self._tried)
        return min((plan for plan in plans if expected[plan] <= least), key=lambda plan: expected[plan], default=None)

    def _seconds_left(self, plan: Plan) -> float:
        timing = self._tried[plan.name]
        if plan.name in self._ready:
            return self._length.num_steps * timing.step_seconds
        return timing.seconds(self._length.num_steps)

    def _try(self, plan: Plan, left: list[Plan]) -> None:
        """Compile and time a plan; the first one only as long as one of those left seems better."""
        is_first = not self._tried
        started = perf_counter()
        snapshot = Snapshot(self._learner.variables)
        try:
            self._compile(plan)
            for timing in self._time_steps(plan):
                self._tried[plan.name] = timing
                if is_first and self._most_promising(left) is None:
                    break
        finally:
            snapshot.restore()
            self._trial_seconds += perf_counter() - started

    def _compile(self, plan: Plan) -> None:
        started = perf_counter()
        program = self._make_program(plan)
        # The number of steps in a call is part of the program.
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
        """Time the plan with longer and longer calls: the time per step of a shorter call is an upper bound."""
        program = self._ready[plan.name]
        running = self._learner.meter.zero()
        most = min(program.max_steps, self._length.num_steps)
        # The first call of a graph includes its optimization.
        started = perf_counter()
        program.run(self._ordering.steps(0, 1), running)
        compile_seconds = self._compile_seconds[plan.name] + perf_counter() - started
        amount, repeats, least = 1, 0, inf
        while True:
            order = self._ordering.steps(0, amount)
            started = perf_counter()
            program.run(order, running)
            seconds = perf_counter() - started
            least = min(least, seconds / amount)
            yield Timing(compile_seconds, least, program.num_operations)
            if seconds >= STEPS_SECONDS or amount == most:
                repeats += 1
                if repeats == STEPS_REPEATS:
                    return
                continue
            fitting = int(1.25 * STEPS_SECONDS / max(seconds, 1e-9) * amount)
            amount = min(most, max(2 * amount, min(fitting, FASTEST_GROWTH * amount)))


def _why_not(plan: Plan, error: Exception) -> str:
    first_line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return f"The plan '{plan.name}' cannot compute this network: {first_line[:300]}"
