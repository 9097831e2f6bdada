"""Training a network: the one way in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from core.metrics import Phase
from core.specs.training import Training
from models.engine.arrays import FitData
from models.engine.early_stopping import StoppingRule
from models.engine.evaluation import Evaluation
from models.engine.failures import broken_step, check_loss, check_weights, count_sound_steps
from models.engine.length import measure_length
from models.engine.meter import Meter
from models.engine.ordering import Ordering
from models.engine.pacing import Pacer
from models.engine.programs import EvaluationProgram, TrainingProgram
from models.engine.record import Record
from models.engine.values import LOSS
from models.losses import make_loss
from models.metrics import Measure
from models.optimizers import make_optimizer
from models.reporting import Reporter, stop_if_asked

Plan = Mapping[str, str | int | float]


@dataclass(frozen=True, slots=True)
class FitOutcome:
    """What a fit came to.

    Attributes:
        num_steps: Steps taken.
        num_epochs: Epochs begun.
        stopped_early: Whether early stopping ended it.
        metrics: The last value of every curve, by its key; `test/…` where there are test samples.
        plan: How the steps were computed.
    """

    num_steps: int
    num_epochs: int
    stopped_early: bool
    metrics: dict[str, float]
    plan: Plan


def fit(
    network: Any, data: FitData, training: Training, measures: Sequence[Measure], seed: int, reporter: Reporter
) -> FitOutcome:
    """Train `network` in place as `Model.fit` would, and evaluate it.

    The order of samples follows from the seed and the step alone. Control comes back from TensorFlow several times
    a second, and the reporter is asked each time whether to stop.

    Args:
        network: A keras.Model; its weights are changed.
        data: Training samples, and those to validate and test with.
        training: Optimizer, loss and length.
        measures: From models.metrics, for `training.metrics`.
        seed: The experiment's.
        reporter: Is told the phases `compile` and `train`, progress and points of curves.

    Raises:
        TrainingFailed: If the loss is no longer a finite number.
        TrainingStopped: If the reporter asked for it.
    """
    reporter.phase(Phase.COMPILE)
    session = _Session(network, data, training, measures, seed, reporter)
    reporter.phase(Phase.TRAIN)
    return session.run()


class _Session:
    """One fit under way."""

    def __init__(
        self,
        network: Any,
        data: FitData,
        training: Training,
        measures: Sequence[Measure],
        seed: int,
        reporter: Reporter,
    ) -> None:
        self._network = network
        self._training = training
        self._reporter = reporter
        self._length = measure_length(training, len(data.train))
        self._ordering = Ordering(self._length, seed, shuffle=training.shuffle)
        self._pacer = Pacer()
        self._step = 0

        meter = Meter(measures)
        meter.prepare(data.train, tuple(network.output_shape[1:]))
        self._rule: StoppingRule | None = None
        if training.early_stopping is not None:
            self._rule = StoppingRule(
                training.early_stopping, network, meter.names, has_validation=len(data.validation) > 0
            )
        self._record = Record(meter.names, self._length, training.validation_freq, reporter)
        loss = make_loss(training.loss)
        self._program = TrainingProgram(network, make_optimizer(training.optimizer), loss, meter, data.train)
        self._program.compile()
        evaluation = EvaluationProgram(network, loss, meter, data.train)
        self._validation, self._test = (
            Evaluation(evaluation, meter, arrays, reporter) if len(arrays) else None
            for arrays in (data.validation, data.test)
        )

    def run(self) -> FitOutcome:
        try:
            return self._run()
        finally:
            # What was measured before a failure is what shows how it came about.
            self._record.finish()

    def _run(self) -> FitOutcome:
        stopped_early = False
        self._record.tell(self._step)
        while self._step < self._length.num_steps and not stopped_early:
            stop_if_asked(self._reporter)
            self._take_steps()
            stopped_early = self._end_epoch()
            self._record.tell(self._step)
        if self._rule is not None:
            self._rule.finish()
        check_weights(self._network, self._training)
        if self._test is not None:
            values = self._test.run()
            self._record.add_test(self._step, values)
            check_loss(values, "test", self._training)
        plan: Plan = {"plan": "graph", "batch_size": self._length.batch_size}
        return FitOutcome(self._step, self._epoch, stopped_early, self._record.last, plan)

    @property
    def _epoch(self) -> int:
        """The epoch, counted from 1, that the last step taken belongs to."""
        return -(-self._step // self._length.steps_per_epoch)

    def _take_steps(self) -> None:
        """Take as many steps as fit into one call, at most up to where an epoch has to be judged."""
        amount = self._pacer.next_amount(self._next_pause() - self._step)
        started = perf_counter()
        values, epoch_values = self._program.run(self._ordering.steps(self._step, amount))
        self._pacer.took(amount, perf_counter() - started)
        num_sound = count_sound_steps(values)
        # The first broken step is shown, those after it mean nothing.
        shown = slice(num_sound + 1)
        self._record.add_steps(self._step + 1, values[shown], epoch_values[shown])
        self._step += min(amount, num_sound + 1)
        if num_sound < amount:
            raise broken_step(float(values[num_sound, LOSS]), self._step, self._epoch, self._training)

    def _next_pause(self) -> int:
        """The step after which an epoch has to be judged, or the last one."""
        epoch = self._step // self._length.steps_per_epoch + 1
        if self._rule is not None:
            return self._length.epoch_end(epoch)
        if self._validation is not None:
            every = self._training.validation_freq
            return self._length.epoch_end(-(-epoch // every) * every)
        return self._length.num_steps

    def _end_epoch(self) -> bool:
        """Validate where an epoch has just ended.

        Returns:
            Whether early stopping ends the fit here.
        """
        epoch = self._epoch
        if self._step != self._length.epoch_end(epoch):
            return False
        is_validated = self._validation is not None and epoch % self._training.validation_freq == 0
        if self._validation is not None and is_validated:
            values = self._validation.run()
            self._record.add_validation(self._step, values)
            check_loss(values, "validation", self._training)
        return self._rule is not None and self._rule.should_stop(epoch, self._record.last, is_validated=is_validated)
