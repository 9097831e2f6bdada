"""Make the learner of a fit and the program of a plan."""

from typing import Any, assert_never

from core.checks.length import FitLength
from core.specs.training import Training
from models.fit.arrays import Arrays, Resident
from models.fit.meter import Meter
from models.fit.mirroring import MirroredLearner, is_mirrored
from models.fit.ordering import Ordering
from models.fit.plans.plan import Form, Plan, Planning
from models.fit.programs.executors import Executor
from models.fit.programs.graph import GraphEpochs, SingleSteps
from models.fit.programs.learning import Learner
from models.fit.programs.program import TrainingProgram
from models.fit.programs.streaming import StreamedSteps
from models.fit.programs.xla import XlaEpochs
from models.fit.recording import RecordingLearner
from models.objectives.losses import make_loss
from models.objectives.optimizers import make_optimizer
from models.preparation.augmentation import StepPreparation
from models.runtime import has_gpu, num_threads


def choose_executor(planning: Planning, num_time_steps: int) -> Executor:
    """Choose the executor of a graph: one thread if operations are so small that handing them over takes longer.

    Args:
        planning: Size of a step.
        num_time_steps: Time steps of the longest sequence of a recurrent layer; 0 without such layers.
    """
    is_alone = num_threads() == 1  # No other thread to hand an operation to.
    is_serial = (planning.has_small_operations(num_time_steps) or is_alone) and not has_gpu() and not is_mirrored()
    return Executor.SERIAL if is_serial else Executor.PARALLEL


def make_learner(network: Any, training: Training, meter: Meter, preparation: StepPreparation) -> Learner:
    """Make the learner of a spec, with its optimizer, loss and recording."""
    parts = (
        network,
        make_optimizer(training.optimizer, training.precision),
        make_loss(training.loss),
        meter,
        preparation,
    )
    if training.record:
        return RecordingLearner(*parts, training.record)
    return MirroredLearner(*parts) if is_mirrored() else Learner(*parts)


class ProgramMaker:
    """Makes programs that train the same network on the same samples.

    Args:
        learner: Learner of the steps.
        samples: Training samples.
        length: Length of the fit.
        ordering: Order of samples for a program that prefetches; not shared with others.
        executor: Executor of loops in a graph with samples on the device.
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
        """Make the program of a plan, not yet compiled."""
        match plan.form:
            case Form.GRAPH:
                return GraphEpochs(self._learner, self._find_resident(), self._executor)
            case Form.XLA:
                return XlaEpochs(self._learner, self._find_resident(), self._length)
            case Form.STEP:
                return SingleSteps(self._learner, self._find_resident())
            case Form.STREAM:
                return StreamedSteps(self._learner, self._samples, self._ordering, self._length)
            case _:
                assert_never(plan.form)

    def _find_resident(self) -> Resident:
        """Return the samples on the device for all plans; of a fit of less than a pass, only the rows it takes."""
        if self._resident is not None:
            return self._resident
        length = self._length
        is_part = length.num_steps < length.steps_per_pass
        chosen = self._ordering.steps(0, length.num_steps).rows if is_part else None
        self._resident = Resident(self._samples, chosen, is_gathered=length.steps_per_pass > 1)
        return self._resident
