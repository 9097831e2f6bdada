"""Training a network: the one way in."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from core.checks.length import measure_length
from core.metrics import Phase
from core.run_report import EngineReport
from core.specs.training import Training
from models.evaluation.tallies import HeldOut, MakeTally
from models.fit.arrays import Arrays, FitData
from models.fit.early_stopping import StoppingRule
from models.fit.evaluation import Evaluation, EvaluationProgram
from models.fit.failures import broken_step, check_first_loss, check_loss, check_weights, count_sound_steps
from models.fit.history import History
from models.fit.meter import LOSS, Meter, Values
from models.fit.mirroring import MirroredLearner, is_mirrored
from models.fit.ordering import Ordering
from models.fit.pacing import Pacer, Speed
from models.fit.plans.plan import Planning, list_candidates, plan_of
from models.fit.plans.planner import Choice, Planner
from models.fit.plans.report import add_speed, describe_choice
from models.fit.programs.executors import Executor
from models.fit.programs.learning import Learner
from models.fit.programs.making import ProgramMaker
from models.fit.programs.program import TrainingProgram
from models.fit.recording import RecordingLearner
from models.objectives.losses import make_loss
from models.objectives.metrics import Measure
from models.objectives.optimizers import make_optimizer
from models.preparation.augmentation import StepPreparation
from models.reporting import Reporter, stop_if_asked
from models.runtime import device_memory_bytes, has_gpu, num_threads, reset_peak_memory

LARGEST_SHARE = 0.25
"""Of the device's memory, what samples may take; the rest is for the network, and for copies on the way."""

SHOWN_SECONDS = 0.1
"""A validation is shown as a phase of its own if the one before it took so long; the first always is."""


@dataclass(frozen=True, slots=True)
class FitOutcome:
    """What a fit came to.

    Attributes:
        num_steps: Steps taken.
        num_epochs: Epochs begun.
        stopped_early: Whether early stopping ended it.
        metrics: The last value of every curve, by its key; `test/…` where there are test samples.
        validation: Its samples with the final weights; None without any, or where nothing is counted.
        test: Likewise.
        engine: How the steps were computed, as the reporter was told.
        trial_seconds: Spent on plans that were not taken.
        validate_seconds: Spent on samples that are not learned from.
    """

    num_steps: int
    num_epochs: int
    stopped_early: bool
    metrics: dict[str, float]
    validation: HeldOut | None
    test: HeldOut | None
    engine: EngineReport
    trial_seconds: float
    validate_seconds: float


def fit(
    network: Any,
    data: FitData,
    training: Training,
    measures: Sequence[Measure],
    seed: int,
    reporter: Reporter,
    planning: Planning | None = None,
    make_tally: MakeTally | None = None,
) -> FitOutcome:
    """Train `network` in place as `Model.fit` would, and evaluate it.

    Where no steps are asked for, the network stays as it is, and training samples are measured once, as those held out
    are. The order of samples follows from the seed and the step alone. Control comes back from TensorFlow several times
    a second, and the reporter is asked each time whether to stop.

    Args:
        network: A keras.Model; its weights are changed.
        data: Training samples, and those to validate and test with.
        training: Optimizer, loss and length.
        measures: From models.objectives.metrics, for `training.metrics`.
        seed: The experiment's.
        reporter: Is told the phases `compile` and `train`, the plan, progress and points of curves.
        planning: What plans are chosen by.
        make_tally: Makes what counts the final weights' answers to held-out samples; None counts nothing.

    Raises:
        TrainingFailed: If the loss is no longer a finite number, or the plan that the spec asks for can not be used.
        TrainingStopped: If the reporter asked for it.
    """
    reset_peak_memory()
    reporter.phase(Phase.COMPILE)
    session = _Session(network, data, training, measures, seed, reporter, planning or Planning(), make_tally)
    reporter.phase(Phase.TRAIN)
    return session.run()


def _choose_executor(planning: Planning) -> Executor:
    is_alone = num_threads() == 1  # Nobody to hand an operation to.
    is_serial = (planning.has_small_steps or is_alone) and not has_gpu() and not is_mirrored()
    return Executor.SERIAL if is_serial else Executor.PARALLEL


def _make_learner(network: Any, training: Training, meter: Meter, preparation: StepPreparation) -> Learner:
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


def fits_on_device(arrays: Arrays) -> bool:
    """Whether these samples can lie on the device; otherwise they are sent batch by batch."""
    return arrays.num_bytes <= LARGEST_SHARE * device_memory_bytes()


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
        planning: Planning,
        make_tally: MakeTally | None,
    ) -> None:
        self._network = network
        self._training = training
        self._reporter = reporter
        self._planning = planning
        self._make_tally = make_tally
        self._length = measure_length(training, len(data.train))
        self._ordering = Ordering(self._length, seed, shuffle=training.shuffle)
        self._executor = _choose_executor(planning)
        self._pacer = Pacer()
        self._speed = Speed()
        self._step = 0
        self._evaluate_seconds = SHOWN_SECONDS

        meter = Meter(measures)
        meter.prepare(data.train, tuple(network.output_shape[1:]))
        self._rule: StoppingRule | None = None
        if training.early_stopping is not None:
            self._rule = StoppingRule(training.early_stopping, network)
        learner = _make_learner(network, training, meter, data.step_preparation)
        self._history = History(meter.names, learner.recorded, self._length, training.validation_freq, reporter)
        self._running = meter.zero()
        self._choice = self._choose_plan(learner, data, seed) if self._length.num_steps else None
        self._engine = describe_choice(self._choice, self._length.batch_size)
        reporter.engine(self._engine)
        evaluation = EvaluationProgram(learner, data.train, self._executor)
        output_shape = tuple(network.output_shape[1:])
        # Training samples are measured by the steps that take them, and apart where there are none.
        untrained = data.train if self._choice is None else data.train.none()
        self._untrained, self._validation, self._test = (
            Evaluation(
                evaluation, meter, arrays, output_shape, make_tally, reporter, is_resident=fits_on_device(arrays)
            )
            if len(arrays)
            else None
            for arrays in (untrained, data.validation, data.test)
        )

    def _choose_plan(self, learner: Learner, data: FitData, seed: int) -> Choice:
        ordering = Ordering(self._length, seed, shuffle=self._training.shuffle)
        planner = Planner(
            ProgramMaker(learner, data.train, self._length, ordering, self._executor),
            learner,
            self._length,
            self._ordering,
            self._planning.cache,
            self._planning.network,
            has_small_steps=self._planning.has_small_steps,
        )
        if self._training.plan != "auto":
            return planner.take(plan_of(self._training.plan))
        candidates = list_candidates(
            self._network, fits_on_device=fits_on_device(data.train), is_mirrored=is_mirrored()
        )
        return planner.choose(candidates)

    def run(self) -> FitOutcome:
        try:
            return self._run()
        finally:
            # What was measured before a failure is what shows how it came about.
            self._history.finish()

    def _run(self) -> FitOutcome:
        self._history.report(self._step)
        stopped_early = False
        if self._choice is None:
            self._measure_untrained()
        else:
            stopped_early = self._train(self._choice.program)
        has_restored = self._rule is not None and self._rule.finish()
        check_weights(self._network, self._training)
        self._count_validation(has_restored=has_restored)
        if self._test is not None:
            values = self._evaluate(self._test, is_counted=True)
            self._history.add_test(self._step, values)
            check_loss(values, "test", self._training)
        if self._choice is not None:
            self._engine = add_speed(self._engine, self._speed, self._planning)
            self._reporter.engine(self._engine)
        return FitOutcome(
            num_steps=self._step,
            num_epochs=self._epoch,
            stopped_early=stopped_early,
            metrics=self._history.last,
            validation=None if self._validation is None else self._validation.counted,
            test=None if self._test is None else self._test.counted,
            engine=self._engine,
            trial_seconds=0.0 if self._choice is None else self._choice.trial_seconds,
            validate_seconds=self._speed.validate_seconds,
        )

    @property
    def _epoch(self) -> int:
        """The epoch, counted from 1, that the last step taken belongs to."""
        return -(-self._step // self._length.steps_per_epoch)

    def _train(self, program: TrainingProgram) -> bool:
        """Take all steps.

        Returns:
            Whether early stopping ended them.
        """
        stopped_early = False
        while self._step < self._length.num_steps and not stopped_early:
            stop_if_asked(self._reporter)
            self._take_steps(program)
            stopped_early = self._end_epoch()
            self._history.report(self._step)
        return stopped_early

    def _measure_untrained(self) -> None:
        """Measure training and validation samples by the first weights, of a fit that takes no steps."""
        stop_if_asked(self._reporter)
        if self._untrained is not None:
            values = self._evaluate(self._untrained, is_counted=False)
            self._history.add_untrained(values)
            check_first_loss(values, self._training)
        if self._validation is not None:
            self._validate(self._validation)

    def _take_steps(self, program: TrainingProgram) -> None:
        """Take as many steps as fit into one call, at most up to where an epoch has to be judged."""
        left = min(self._next_pause() - self._step, program.max_steps)
        amount = self._pacer.next_amount(left)
        started = perf_counter()
        order = self._ordering.steps(self._step, amount)
        taken = program.run(order, self._running)
        seconds = perf_counter() - started
        self._running = taken.running
        self._pacer.took(amount, seconds)
        self._speed.add_steps(amount, len(order.rows), seconds)
        num_sound = count_sound_steps(taken.values)
        # The first broken step is shown, those after it mean nothing.
        shown = slice(num_sound + 1)
        self._history.add_steps(self._step + 1, taken.values[shown], taken.epoch_values[shown])
        self._step += min(amount, num_sound + 1)
        if num_sound < amount:
            raise broken_step(float(taken.values[num_sound, LOSS]), self._step, self._epoch, self._training)

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
            self._validate(self._validation)
        return self._rule is not None and self._rule.should_stop(epoch, self._history.last, is_validated=is_validated)

    def _validate(self, validation: Evaluation) -> None:
        values = self._evaluate(validation, is_counted=self._step == self._length.num_steps)
        self._history.add_validation(self._step, values)
        check_loss(values, "validation", self._training)

    def _count_validation(self, *, has_restored: bool) -> None:
        """Validate the weights that are kept, where the last validation met others."""
        if self._validation is None or self._make_tally is None:
            return
        if has_restored or self._validation.counted is None:
            check_loss(self._evaluate(self._validation, is_counted=True), "validation", self._training)

    def _evaluate(self, evaluation: Evaluation, *, is_counted: bool) -> Values:
        # One that will be over in a moment is not worth a message: there may be thousands.
        is_shown = self._evaluate_seconds >= SHOWN_SECONDS
        if is_shown:
            self._history.report(self._step, Phase.VALIDATE, at_once=True)
        started = perf_counter()
        values = evaluation.run(is_counted=is_counted)
        self._evaluate_seconds = perf_counter() - started
        self._speed.validate_seconds += self._evaluate_seconds
        if is_shown:
            self._history.report(self._step)
        return values
