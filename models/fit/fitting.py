"""Train a network: the entry point of this package."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from core.checks.length import measure_length
from core.errors import TrainingFailed
from core.progress import Phase
from core.run_report import EngineReport
from core.specs.training import EarlyStopping, Training
from models.checkpoints.checkpointing import Checkpointing, Score
from models.checkpoints.state import ModelVariables, Resumable
from models.evaluation.tallies import HeldOut, MakeTally
from models.fit.arrays import FitData, fits_on_device
from models.fit.early_stopping import StoppingRule, curve_of
from models.fit.evaluation import Evaluation, EvaluationProgram
from models.fit.failures import broken_step, count_sound_steps
from models.fit.fit_state import FitState
from models.fit.history import History
from models.fit.meter import LOSS, Meter
from models.fit.mirroring import is_mirrored
from models.fit.ordering import Ordering
from models.fit.pacing import Pacer
from models.fit.plans.forecast import make_forecast
from models.fit.plans.plan import PLANS, Planning, list_candidates, plan_of
from models.fit.plans.planner import Choice, Planner, Reason
from models.fit.plans.recurrences import count_time_steps, list_recurrences
from models.fit.plans.report import add_speed, describe_choice
from models.fit.programs.learning import Learner
from models.fit.programs.making import ProgramMaker, choose_executor, make_learner
from models.fit.programs.program import TrainingProgram
from models.fit.validation import Validation
from models.objectives.metrics import Measure
from models.reporting import Reporter, TrainingStopped, stop_if_asked
from models.runtime import reset_peak_memory

PLAN = "plan"
"""Name of the plan in the environment of a checkpoint: with another one, results are the same up to rounding only."""

NUM_STEPS = "num_steps"
"""Number of steps of the fit, likewise: one that goes on for longer gives early stopping its patience again."""

DEFAULT_MONITORS = {True: "val_loss", False: "loss"}
"""Metric by which checkpoints are compared without early stopping, by whether there are validation samples."""


@dataclass(frozen=True, slots=True)
class FitOutcome:
    """Results of a fit.

    Attributes:
        num_steps: Number of steps taken.
        num_epochs: Number of epochs begun.
        stopped_early: Whether early stopping ended the fit.
        metrics: Last value of each curve, by its key; `test/…` if there are test samples.
        validation: Results on the validation samples with the final weights; None without samples or tallies.
        test: Results on the test samples, likewise.
        engine: Report of the execution of the steps.
        trial_seconds: Seconds spent on plans that were not chosen.
        validate_seconds: Seconds spent on evaluation.
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
    checkpointing: Checkpointing | None = None,
) -> FitOutcome:
    """Train `network` in place as `Model.fit` does, and evaluate it.

    With no steps, the network does not change, and the training samples are evaluated once, like held-out ones. The
    order of samples depends only on the seed and the step. TensorFlow returns several times per second, and each time
    the reporter is asked whether to stop.

    Args:
        network: A keras.Model; its weights are changed.
        data: Training, validation and test samples.
        training: Optimizer, loss and length.
        measures: Metrics of `training.metrics`, from models.objectives.metrics.
        seed: Seed of the experiment.
        reporter: Receives the phases `compile` and `train`, the plan, progress and points of curves.
        planning: Information for the choice of a plan.
        make_tally: Makes the tally of predictions with the final weights; None without tallies.
        checkpointing: Checkpoints to write, and the one to go on from; None for none. With the same plan, curves and
            weights of a fit that goes on are bit for bit those of one that was never interrupted.

    Raises:
        TrainingFailed: If the loss is no longer finite, or the plan of the spec cannot be used.
        CheckpointUnusable: If the checkpoint to go on from is of another network or optimizer.
        TrainingStopped: If the reporter asked to stop.
    """
    reset_peak_memory()
    reporter.phase(Phase.COMPILE)
    session = _Session(
        network, data, training, measures, seed, reporter, planning or Planning(), make_tally, checkpointing
    )
    reporter.phase(Phase.TRAIN)
    return session.run()


class _Session:
    """A fit in progress."""

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
        checkpointing: Checkpointing | None,
    ) -> None:
        self._network = network
        self._training = training
        self._reporter = reporter
        self._planning = planning
        self._length = measure_length(training, len(data.train))
        self._ordering = Ordering(self._length, seed, shuffle=training.shuffle)
        self._recurrences = list_recurrences(network)
        self._executor = choose_executor(planning, count_time_steps(self._recurrences))
        self._pacer = Pacer()
        self._checkpointing = checkpointing
        self._state = FitState()

        meter = Meter(measures)
        meter.prepare(data.train, tuple(network.output_shape[1:]))
        self._rule: StoppingRule | None = None
        if training.early_stopping is not None:
            self._rule = StoppingRule(training.early_stopping, network)
        learner = make_learner(network, training, meter, data.step_preparation)
        self._history = History(meter.names, learner.recorded, self._length, training, reporter)
        self._state.running = meter.zero()
        self._choice = self._choose_plan(learner, data, seed) if self._length.num_steps else None
        self._engine = describe_choice(self._choice, self._length.batch_size)
        reporter.engine(self._engine)
        program = EvaluationProgram(learner, data.train, self._executor)
        output_shape = tuple(network.output_shape[1:])
        self._validation = Validation(
            data,
            training,
            self._history,
            lambda arrays: Evaluation(
                program, meter, arrays, output_shape, make_tally, reporter, is_resident=fits_on_device(arrays)
            ),
            counts_answers=make_tally is not None,
            # Steps measure the training samples they take; without steps, the samples are evaluated separately.
            has_steps=self._choice is not None,
        )
        self._parts: dict[str, Resumable] = {
            "variables": ModelVariables(learner.variables),
            "history": self._history,
            "fit": self._state,
        }
        if self._rule is not None:
            self._parts["early_stopping"] = self._rule
        if checkpointing is not None and self._choice is not None:
            # After the trials of plans, which restore the variables as they were.
            is_longer = checkpointing.environment.get(NUM_STEPS) != self._length.num_steps
            self._history.first_step = checkpointing.restore(self._parts)
            if is_longer:
                self._state.has_stopped_early = False
                if self._rule is not None:
                    self._rule.be_patient_again()

    def _choose_plan(self, learner: Learner, data: FitData, seed: int) -> Choice:
        ordering = Ordering(self._length, seed, shuffle=self._training.shuffle)
        planner = Planner(
            ProgramMaker(learner, data.train, self._length, ordering, self._executor),
            learner,
            self._length,
            self._ordering,
            self._planning.cache,
            self._planning.network,
            make_forecast(self._planning, self._recurrences, self._length),
        )
        if self._training.plan != "auto":
            return planner.take(plan_of(self._training.plan))
        resumed = None if self._checkpointing is None else self._checkpointing.environment.get(PLAN)
        if resumed in PLANS:
            try:
                return planner.take(plan_of(resumed), Reason.RESUMED)
            except TrainingFailed:
                # Another kind of machine. The results are the same up to rounding.
                pass
        candidates = list_candidates(
            self._network,
            self._recurrences,
            fits_on_device=fits_on_device(data.train),
            is_mirrored=is_mirrored(),
        )
        return planner.choose(candidates)

    def run(self) -> FitOutcome:
        try:
            return self._run()
        except TrainingStopped:
            # Another attempt may go on: its curves have no point because this one ended.
            raise
        except Exception:
            # The curves before a failure show its cause.
            self._history.finish()
            raise

    def _run(self) -> FitOutcome:
        self._history.report(self._step)
        if self._choice is None:
            stop_if_asked(self._reporter)
            self._validation.evaluate_untrained()
        else:
            self._train_and_save(self._choice.program)
        has_restored = self._rule is not None and self._rule.finish()
        self._validation.finish(self._network, self._step, has_restored=has_restored)
        self._history.finish()
        if self._choice is not None:
            self._engine = add_speed(self._engine, self._state.speed, self._planning)
            self._reporter.engine(self._engine)
        return FitOutcome(
            num_steps=self._step,
            num_epochs=self._epoch,
            stopped_early=self._state.has_stopped_early,
            metrics=self._history.last,
            validation=self._validation.validation,
            test=self._validation.test,
            engine=self._engine,
            trial_seconds=0.0 if self._choice is None else self._choice.trial_seconds,
            validate_seconds=self._validation.seconds,
        )

    @property
    def _step(self) -> int:
        """Number of steps taken."""
        return self._state.step

    @property
    def _epoch(self) -> int:
        """Epoch of the last step, counted from 1."""
        return -(-self._step // self._length.steps_per_epoch)

    def _train_and_save(self, program: TrainingProgram) -> None:
        """Take all steps, and write a checkpoint at the end or where the reporter asks to stop."""
        try:
            self._train(program)
        except TrainingStopped:
            self._save()
            raise
        self._save()

    def _train(self, program: TrainingProgram) -> None:
        """Take all steps, unless early stopping ends the fit."""
        # The last attempt may have been stopped before it could end an epoch.
        self._end_epoch()
        while self._step < self._length.num_steps and not self._state.has_stopped_early:
            stop_if_asked(self._reporter)
            self._take_steps(program)
            self._end_epoch()
            self._history.report(self._step)
            ends_epoch = self._step == self._length.epoch_end(self._epoch)
            if self._checkpointing is not None and self._checkpointing.is_due(self._step, ends_epoch=ends_epoch):
                self._save()

    def _take_steps(self, program: TrainingProgram) -> None:
        """Take the steps of one call, at most up to the next evaluation."""
        left = min(self._next_pause() - self._step, program.max_steps)
        amount = self._pacer.next_amount(left)
        started = perf_counter()
        order = self._ordering.steps(self._step, amount)
        taken = program.run(order, self._state.running)
        seconds = perf_counter() - started
        self._state.running = taken.running
        self._pacer.took(amount, seconds)
        self._state.speed.add_steps(amount, len(order.rows), seconds)
        num_sound = count_sound_steps(taken.values)
        # The first failed step is reported; those after it are meaningless.
        shown = slice(num_sound + 1)
        self._history.add_steps(self._step + 1, taken.values[shown], taken.epoch_values[shown])
        self._state.step += min(amount, num_sound + 1)
        self._state.is_epoch_open = True
        if num_sound < amount:
            raise broken_step(float(taken.values[num_sound, LOSS]), self._step, self._epoch, self._training)

    def _next_pause(self) -> int:
        """Return the step of the next evaluation, or the last step."""
        epoch = self._step // self._length.steps_per_epoch + 1
        if self._rule is not None:
            return self._length.epoch_end(epoch)
        if self._validation.has_samples:
            every = self._training.validation_freq
            return self._length.epoch_end(-(-epoch // every) * every)
        return self._length.num_steps

    def _end_epoch(self) -> None:
        """Validate if an epoch has ended and has not been validated yet, and ask the rule of early stopping."""
        epoch = self._epoch
        if not self._state.is_epoch_open or self._step != self._length.epoch_end(epoch):
            return
        is_validated = self._validation.has_samples and epoch % self._training.validation_freq == 0
        if is_validated:
            self._validation.validate(self._step, is_last=self._step == self._length.num_steps)
        if self._rule is not None:
            is_over = self._rule.should_stop(epoch, self._history.last, is_validated=is_validated)
            self._state.has_stopped_early = is_over
        self._state.is_epoch_open = False

    def _save(self) -> None:
        """Write a checkpoint of this step, unless there is one."""
        self._history.flush()
        if self._checkpointing is not None and self._choice is not None:
            epoch = self._step // self._length.steps_per_epoch
            environment = {PLAN: self._choice.plan.name, NUM_STEPS: self._length.num_steps}
            self._checkpointing.save(self._step, epoch, self._parts, environment, self._reporter, self._find_score())

    def _find_score(self) -> Score | None:
        """Return the value by which a checkpoint of this step is compared; None in the middle of an epoch."""
        rule = self._training.early_stopping or EarlyStopping(monitor=DEFAULT_MONITORS[self._validation.has_samples])
        epoch = self._epoch
        is_validated = epoch % self._training.validation_freq == 0 or not rule.watches_validation
        has_ended = epoch > 0 and not self._state.is_epoch_open and self._step == self._length.epoch_end(epoch)
        if not (has_ended and is_validated):
            return None
        return Score(rule.monitor, self._history.last[curve_of(rule)], is_rising=rule.is_rising)
