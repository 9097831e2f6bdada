"""From a plan to its program."""

from core.checks.length import FitLength
from models.fit.arrays import Arrays, Resident
from models.fit.ordering import Ordering
from models.fit.plans.plan import Form, Plan
from models.fit.programs.executors import Executor
from models.fit.programs.graph import GraphEpochs, SingleSteps
from models.fit.programs.learning import Learner
from models.fit.programs.program import TrainingProgram
from models.fit.programs.streaming import StreamedSteps
from models.fit.programs.xla import XlaEpochs


class ProgramMaker:
    """Makes programs that train the same network on the same samples.

    Args:
        learner: What a step does.
        samples: Training samples.
        length: Of the fit.
        ordering: For a program that reads ahead; nobody else may use it.
        executor: For loops in a graph whose samples lie on the device.
    """

    def __init__(
        self, learner: Learner, samples: Arrays, length: FitLength, ordering: Ordering, executor: Executor
    ) -> None:
        self._learner = learner
        self._samples = samples
        self._length = length
        self._ordering = ordering
        self._executor = executor
        self._resident: Resident | None = None

    def __call__(self, plan: Plan) -> TrainingProgram:
        """The program of this plan, not compiled yet."""
        if plan.form is Form.STREAM:
            return StreamedSteps(self._learner, self._samples, self._ordering, self._length)
        if self._resident is None:
            self._resident = self._make_resident()
        if plan.form is Form.XLA:
            return XlaEpochs(self._learner, self._resident, self._length)
        if plan.form is Form.STEP:
            return SingleSteps(self._learner, self._resident)
        return GraphEpochs(self._learner, self._resident, self._executor)

    def _make_resident(self) -> Resident:
        """One copy for all plans that are tried. A fit of less than a pass needs those rows alone that it will take."""
        length = self._length
        is_part = length.num_steps < length.steps_per_pass
        chosen = self._ordering.steps(0, length.num_steps).rows if is_part else None
        return Resident(self._samples, chosen, is_gathered=length.steps_per_pass > 1)
